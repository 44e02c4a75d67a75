/* see join.h */
#include "share/join.h"

#include "base/bytes.h"
#include "share/join_inner.h"
#include "share/line.h"

#define PURPOSE "join"
#define INVITE_LEN (FARM_ID_LEN + 4 + SECRET_LEN)
#define ANSWER_LEN (CRYPT_PUBLIC_LEN + INVITE_LEN + CRYPT_TAG_LEN)

void
join_wipe(struct join *join)
{
    secret_wipe_bytes(join, sizeof *join);
}

bool
join_ask(struct join *out, struct secret_buf *line, const struct secret *fresh, uint64_t host,
         const char *host_name, const char *keyset, uint64_t now_s, struct err *err)
{
    JOIN(join);

    if (!record_is_keyset(keyset))
        return err_set(err, "\"%.64s\" names no keyset", keyset);
    if (host == 0 || secret_is_weak(fresh->bytes, sizeof fresh->bytes))
        return err_set(err, "the host has no id, or its random bytes are weak");
    join.private_key = *fresh;
    join.request.host = host;
    join.request.expires_s = now_s + JOIN_LIFE_S;
    join.is_open = true;
    memcpy(join.request.keyset, keyset, strlen(keyset));
    status_set_text(join.request.host_name, host_name[0] == '\0' ? "?" : host_name);
    if (!crypt_public(join.request.key, fresh))
        return err_set(err, "libcrypto failed");
    if (!join_line(line, &join.request, err))
        return false;
    *out = join;
    return true;
}

/* The key that both sides come to. */
static bool
agree(struct secret *key, const struct secret *ours, const uint8_t theirs[CRYPT_PUBLIC_LEN],
      const uint8_t answer_key[CRYPT_PUBLIC_LEN], const struct join_request *request)
{
    uint8_t bytes[JOIN_REQUEST_MAX];
    size_t len = join_request_write(bytes, request);
    struct crypt_info info;
    SECRET(shared);
    SECRET(extracted);

    crypt_info_begin(&info, PURPOSE);
    crypt_info_add(&info, answer_key, CRYPT_PUBLIC_LEN);
    return crypt_shared(&shared, ours, theirs) &&
           hkdf_extract(extracted.bytes, bytes, len, shared.bytes, sizeof shared.bytes,
                        crypt_hmac) &&
           crypt_derive(key, &extracted, &info);
}

/* Seal or open what is behind the answer's public key. */
static struct crypt_gcm
gcm_of(const struct secret *key, uint8_t answer[ANSWER_LEN])
{
    return (struct crypt_gcm){.key = key,
                              .aad = answer,
                              .aad_len = CRYPT_PUBLIC_LEN,
                              .text = answer + CRYPT_PUBLIC_LEN,
                              .text_len = INVITE_LEN,
                              .tag = answer + CRYPT_PUBLIC_LEN + INVITE_LEN};
}

bool
join_answer(struct secret_buf *line, const struct join_request *request, const struct farm *farm,
            const char *keyset, const struct secret *fresh, struct err *err)
{
    struct crypt_gcm gcm;
    struct writer w;
    SECRET(key);
    SECRET_BUF(answer);

    if (strcmp(request->keyset, keyset) != 0)
        return err_set(err, "the request is for keyset \"%s\", not for \"%s\"", request->keyset,
                       keyset);
    if (secret_is_weak(fresh->bytes, sizeof fresh->bytes))
        return err_set(err, "the random bytes are weak");
    if (!secret_buf_init(&answer, ANSWER_LEN))
        return err_set(err, "no memory");
    if (!crypt_public(answer.bytes, fresh) ||
        !agree(&key, fresh, request->key, answer.bytes, request))
        return err_set(err, "the request's key is no key, or libcrypto failed");
    gcm = gcm_of(&key, answer.bytes);
    w = writer_of(gcm.text, gcm.text_len);
    write_bytes(&w, farm->id, sizeof farm->id);
    write_u32(&w, (uint32_t)farm->first.number);
    write_bytes(&w, farm->first.secret.bytes, sizeof farm->first.secret.bytes);
    if (!crypt_seal(&gcm))
        return err_set(err, "libcrypto failed");
    return line_write(line, JOIN_ANSWER_WORD, answer.bytes, ANSWER_LEN, err);
}

static void
day_wipe(struct farm_day *day)
{
    secret_wipe_bytes(day, sizeof *day);
}

/* The farm, from what the answer held. */
static bool
read_invite(struct farm *out, const uint8_t *bytes, struct err *err)
{
    struct reader r = reader_of(bytes, INVITE_LEN);
    uint8_t id[FARM_ID_LEN];
    __attribute__((cleanup(day_wipe))) struct farm_day first = {0};

    read_copy(&r, id, sizeof id);
    first.number = read_u32(&r);
    read_copy(&r, first.secret.bytes, sizeof first.secret.bytes);
    return farm_restore(out, id, &first, err);
}

bool
join_finish(struct join *join, struct farm *out, const char *text, size_t len, uint64_t now_s,
            struct err *err)
{
    struct crypt_gcm gcm;
    enum crypt_opened opened;
    SECRET(key);
    SECRET_BUF(answer);

    if (!join->is_open)
        return err_set(err, "this request has been answered: ask anew");
    if (join->request.expires_s <= now_s)
        return err_set(err, "the request has expired: ask anew");
    if (!line_read(&answer, JOIN_ANSWER_WORD, text, len, err))
        return false;
    if (answer.len != ANSWER_LEN)
        return err_set(err, "the answer is not as it should be");
    if (!agree(&key, &join->private_key, answer.bytes, answer.bytes, &join->request))
        return err_set(err, "the answer's key is no key, or libcrypto failed");
    gcm = gcm_of(&key, answer.bytes);
    opened = crypt_open(&gcm);
    if (opened != CRYPT_OPENED)
        return err_set(err, opened == CRYPT_FORGED ? "the answer is for another request"
                                                   : "libcrypto failed");
    if (!read_invite(out, gcm.text, err))
        return false;
    secret_wipe(&join->private_key);
    join->is_open = false;
    return true;
}
