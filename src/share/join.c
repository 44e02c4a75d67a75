/* see join.h */
#include "share/join.h"

#include "base/bytes.h"
#include "base/hex.h"
#include "keys/key.h"
#include "share/line.h"

#define PURPOSE "join"
#define REQUEST_MAX (CRYPT_PUBLIC_LEN + 8 + 8 + 1 + RECORD_KEYSET_MAX + 1 + STATUS_TEXT_MAX)
#define INVITE_LEN (FARM_ID_LEN + 4 + SECRET_LEN)
#define ANSWER_LEN (CRYPT_PUBLIC_LEN + INVITE_LEN + CRYPT_TAG_LEN)

void
join_wipe(struct join *join)
{
    secret_wipe_bytes(join, sizeof *join);
}

/* ---- the request ---- */

static void
write_text(struct writer *w, const char *text)
{
    size_t len = strlen(text);

    write_u8(w, (uint8_t)len);
    write_bytes(w, text, len);
}

static size_t
write_request(uint8_t out[REQUEST_MAX], const struct join_request *request)
{
    struct writer w = writer_of(out, REQUEST_MAX);

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

static bool
check_request(const struct join_request *request, uint64_t now_s, struct err *err)
{
    if (request->host == 0 || !record_is_keyset(request->keyset))
        return err_set(err, "the request is not as it should be");
    if (request->expires_s <= now_s)
        return err_set(err, "the request has expired: ask for a new one");
    if (request->expires_s - now_s > JOIN_LIFE_S + KEY_SKEW_MS / 1000)
        return err_set(err, "the request is of a host whose clock is over 10 min ahead of ours");
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
    read_copy(&r, request.key, sizeof request.key);
    request.host = read_u64(&r);
    request.expires_s = read_u64(&r);
    read_text(&r, request.keyset);
    read_text(&r, request.host_name);
    if (!reader_done(&r))
        return err_set(err, "the request is not as it should be");
    if (!check_request(&request, now_s, err))
        return false;
    *out = request;
    return true;
}

bool
join_ask(struct join *out, struct secret_buf *line, const struct secret *fresh, uint64_t host,
         const char *host_name, const char *keyset, uint64_t now_s, struct err *err)
{
    uint8_t bytes[REQUEST_MAX];
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
    if (!line_write(line, JOIN_REQUEST_WORD, bytes, write_request(bytes, &join.request), err))
        return false;
    *out = join;
    return true;
}

bool
join_fingerprint(char out[JOIN_FINGERPRINT_LEN], const struct join_request *request)
{
    static const char label[] = "stek1 fingerprint";
    uint8_t bytes[REQUEST_MAX], hash[HKDF_HASH_LEN];
    char hex[HEX_LEN(8)];

    if (crypt_hmac(hash, bytes, write_request(bytes, request), (const uint8_t *)label,
                   sizeof label - 1) != 1)
        return false;
    (void)hex_encode(hex, hash, 8); /* its argument */
    for (size_t i = 0; i < 4; i++) {
        memcpy(out + 5 * i, hex + 4 * i, 4);
        out[5 * i + 4] = i < 3 ? '-' : '\0';
    }
    return true;
}

/* ---- the answer ---- */

/* The key that both sides come to. */
static bool
agree(struct secret *key, const struct secret *ours, const uint8_t theirs[CRYPT_PUBLIC_LEN],
      const uint8_t answer_key[CRYPT_PUBLIC_LEN], const struct join_request *request)
{
    uint8_t bytes[REQUEST_MAX];
    size_t len = write_request(bytes, request);
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
