/* see join.h: a request that waits for its answer, on disk */
#include "base/bytes.h"
#include "share/join_inner.h"
#include "share/line.h"

static const char comment[] =
    "# A request to join a farm that waits for its answer: the private key in it opens that. Mode\n"
    "# 0600. stekd destroys it when the answer was taken, or its hour is over.\n";

bool
join_encode(struct secret_buf *out, const struct join *join, struct err *err)
{
    uint8_t request[JOIN_REQUEST_MAX];
    struct writer w;
    SECRET_BUF(bytes);

    if (!secret_buf_init(&bytes, sizeof join->private_key.bytes + sizeof request))
        return err_set(err, "no memory");
    w = writer_of(bytes.bytes, bytes.cap);
    write_bytes(&w, join->private_key.bytes, sizeof join->private_key.bytes);
    write_bytes(&w, request, join_request_write(request, &join->request));
    return line_file(out, comment, JOIN_WORD, bytes.bytes, w.len, err);
}

bool
join_decode(struct join *out, const char *text, size_t len, struct err *err)
{
    uint8_t public_key[CRYPT_PUBLIC_LEN];
    struct reader r;
    JOIN(join);
    SECRET_BUF(bytes);

    if (!line_read(&bytes, JOIN_WORD, text, len, err))
        return false;
    r = reader_of(bytes.bytes, bytes.len);
    read_copy(&r, join.private_key.bytes, sizeof join.private_key.bytes);
    if (!join_request_read(&join.request, &r, err))
        return false;
    if (!crypt_public(public_key, &join.private_key))
        return err_set(err, "libcrypto failed");
    if (memcmp(public_key, join.request.key, sizeof public_key) != 0)
        return err_set(err, "its private key is not that of its request");
    join.is_open = true;
    *out = join;
    return true;
}
