/* see join.h: what a host asks with */
#include "base/bytes.h"
#include "base/hex.h"
#include "keys/key.h"
#include "share/join_inner.h"
#include "share/line.h"

static void
write_text(struct writer *w, const char *text)
{
    size_t len = strlen(text);

    write_u8(w, (uint8_t)len);
    write_bytes(w, text, len);
}

size_t
join_request_write(uint8_t out[JOIN_REQUEST_MAX], const struct join_request *request)
{
    struct writer w = writer_of(out, JOIN_REQUEST_MAX);

    write_bytes(&w, request->key, sizeof request->key);
    write_u64(&w, request->host);
    write_u64(&w, request->expires_s);
    write_text(&w, request->keyset);
    write_text(&w, request->host_name);
    return w.len;
}

/* A text of up to 64 characters, which can be shown. */
static void
read_text(struct reader *r, char out[STATUS_TEXT_MAX + 1])
{
    char shown[STATUS_TEXT_MAX + 1];
    uint8_t len = read_u8(r);

    r->failed |= len == 0 || len > STATUS_TEXT_MAX;
    if (!r->failed)
        read_copy(r, out, len);
    status_set_text(shown, out);
    r->failed |= strcmp(shown, out) != 0 || strlen(out) != len;
}

bool
join_request_read(struct join_request *out, struct reader *r, struct err *err)
{
    struct join_request request = {.host = 0};

    read_copy(r, request.key, sizeof request.key);
    request.host = read_u64(r);
    request.expires_s = read_u64(r);
    read_text(r, request.keyset);
    read_text(r, request.host_name);
    if (!reader_done(r) || request.host == 0 || !record_is_keyset(request.keyset))
        return err_set(err, "the request is not as it should be");
    *out = request;
    return true;
}

bool
join_read(struct join_request *out, const char *text, size_t len, uint64_t now_s, struct err *err)
{
    struct join_request request = {.host = 0};
    struct reader r;
    SECRET_BUF(bytes);

    if (!line_read(&bytes, JOIN_REQUEST_WORD, text, len, err))
        return false;
    r = reader_of(bytes.bytes, bytes.len);
    if (!join_request_read(&request, &r, err))
        return false;
    if (request.expires_s <= now_s)
        return err_set(err, "the request has expired: ask for a new one");
    if (request.expires_s - now_s > JOIN_LIFE_S + KEY_SKEW_MS / 1000)
        return err_set(err, "the request is of a host whose clock is over 10 min ahead of ours");
    *out = request;
    return true;
}

bool
join_line(struct secret_buf *line, const struct join_request *request, struct err *err)
{
    uint8_t bytes[JOIN_REQUEST_MAX];

    return line_write(line, JOIN_REQUEST_WORD, bytes, join_request_write(bytes, request), err);
}

bool
join_fingerprint(char out[JOIN_FINGERPRINT_LEN], const struct join_request *request)
{
    static const char label[] = "stek1 fingerprint";
    uint8_t bytes[JOIN_REQUEST_MAX], hash[HKDF_HASH_LEN];
    char hex[HEX_LEN(8)];

    if (crypt_hmac(hash, bytes, join_request_write(bytes, request), (const uint8_t *)label,
                   sizeof label - 1) != 1)
        return false;
    (void)hex_encode(hex, hash, 8); /* its argument */
    for (size_t i = 0; i < 4; i++) {
        memcpy(out + 5 * i, hex + 4 * i, 4);
        out[5 * i + 4] = i < 3 ? '-' : '\0';
    }
    return true;
}
