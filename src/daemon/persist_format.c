/* see persist_format.h */
#include "daemon/persist_format.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hkdf.h"
#include "control/control.h"
#include "daemon/clock.h"
#include "io/aead.h"
#include "io/moment.h"
#include "keys/encode.h"

#define MAGIC "stekkept"
#define MAGIC_LEN (sizeof MAGIC - 1)
#define VERSION 1
#define LABEL "stek1"
#define PURPOSE "persist"
#define NAME_MAX_LEN ((size_t)CONTROL_KEYSET_MAX)
#define HEAD_MAX (MAGIC_LEN + 2 + 1 + NAME_MAX_LEN + 8 + 8 + PERSIST_SALT_LEN + 4)

static void
wipe_key(struct aead_key *key)
{
    secret_wipe_bytes(key, sizeof *key);
}

static void
write_field(struct writer *w, const void *bytes, size_t len)
{
    write_u16(w, (uint16_t)len);
    write_bytes(w, bytes, len);
}

static bool
derive(struct aead_key *out, const struct persist_head *head, const struct secret *key)
{
    uint8_t info[3 * 2 + sizeof LABEL + sizeof PURPOSE + NAME_MAX_LEN];
    struct writer w = writer_of(info, sizeof info);
    SECRET(prk);

    write_field(&w, LABEL, sizeof LABEL - 1);
    write_field(&w, PURPOSE, sizeof PURPOSE - 1);
    write_field(&w, head->keyset, strlen(head->keyset));
    return !w.failed &&
           hkdf_extract(prk.bytes, head->salt, sizeof head->salt, key->bytes, sizeof key->bytes,
                        aead_hmac) &&
           hkdf_expand((uint8_t *)out, sizeof *out, prk.bytes, sizeof prk.bytes, info, w.len,
                       aead_hmac);
}

_Static_assert(sizeof(struct aead_key) == SECRET_LEN + AEAD_NONCE_LEN, "derived in one piece");

static size_t
write_head(uint8_t bytes[HEAD_MAX], const struct persist_head *head, size_t sealed_len)
{
    struct writer w = writer_of(bytes, HEAD_MAX);
    size_t name_len = strlen(head->keyset);

    write_bytes(&w, MAGIC, MAGIC_LEN);
    write_u16(&w, VERSION);
    write_u8(&w, (uint8_t)name_len);
    write_bytes(&w, head->keyset, name_len);
    write_u64(&w, head->saved_ms);
    write_u64(&w, head->written_ms);
    write_bytes(&w, head->salt, sizeof head->salt);
    write_u32(&w, (uint32_t)sealed_len);
    return w.failed ? 0 : w.len;
}

bool
persist_seal(uint8_t **out, size_t *len, const struct persist_head *head, const struct keyset *set,
             const struct secret *key, struct err *err)
{
    __attribute__((cleanup(wipe_key))) struct aead_key sealing = {.nonce = {0}};
    uint8_t bytes[HEAD_MAX], *whole;
    size_t head_len;
    SECRET_BUF(plain);

    if (!encode_keyset(&plain, set, err))
        return false;
    head_len = write_head(bytes, head, plain.len + AEAD_TAG_LEN);
    whole = malloc(HEAD_MAX + plain.len + AEAD_TAG_LEN);
    if (whole == NULL || head_len == 0) {
        free(whole);
        return err_set(err, "no memory");
    }
    memcpy(whole, bytes, head_len);
    if (!derive(&sealing, head, key) ||
        !aead_seal(whole + head_len, plain.bytes, plain.len, bytes, head_len, &sealing)) {
        free(whole);
        return err_set(err, "libcrypto failed");
    }
    *out = whole;
    *len = head_len + plain.len + AEAD_TAG_LEN;
    return true;
}

/* What precedes the sealed keyset; `fresh` gets the numbers. */
static bool
read_head(struct persist_head *fresh, struct reader *r, const char *keyset, struct err *err)
{
    const uint8_t *magic = read_bytes(r, MAGIC_LEN), *name;
    uint16_t version = read_u16(r);
    uint8_t name_len = read_u8(r);

    if (magic == NULL || memcmp(magic, MAGIC, MAGIC_LEN) != 0)
        return err_set(err, "is no file of keys");
    if (!r->failed && version != VERSION)
        return err_set(err, "is of version %u, which this stekd cannot read", version);
    name = read_bytes(r, name_len);
    if (name == NULL)
        return err_set(err, "is cut short");
    if (name_len != strlen(keyset) || memcmp(name, keyset, name_len) != 0)
        return err_set(err, "is of another keyset");
    fresh->saved_ms = read_u64(r);
    fresh->written_ms = read_u64(r);
    read_copy(r, fresh->salt, sizeof fresh->salt);
    if (read_u32(r) != r->left || r->failed)
        return err_set(err, "is cut short, or has something behind it");
    return true;
}

/* By a clock that is behind, keys would live for longer than they may. */
static bool
check_clock(const struct persist_head *head, uint64_t now_ms, struct err *err)
{
    char saved[MOMENT_LEN], now[MOMENT_LEN];

    return head->saved_ms <= now_ms + CLOCK_FOLLOW_MS ||
           err_set(err, "was saved at %s, and now it is %s: is the clock right?",
                   moment_text(saved, head->saved_ms / 1000), moment_text(now, now_ms / 1000));
}

bool
persist_open_sealed(struct persist_head *head, struct keyset *set, const uint8_t *in, size_t len,
                    const struct secret *key, uint64_t now_ms, struct err *err)
{
    __attribute__((cleanup(wipe_key))) struct aead_key sealing = {.nonce = {0}};
    struct reader r = reader_of(in, len);
    struct persist_head fresh = {.keyset = head->keyset};
    size_t head_len;
    SECRET_BUF(plain);

    if (!read_head(&fresh, &r, head->keyset, err))
        return false;
    head_len = len - r.left;
    if (r.left < AEAD_TAG_LEN)
        return err_set(err, "is cut short");
    if (!secret_buf_init(&plain, r.left))
        return err_set(err, "takes more memory than there is");
    plain.len = r.left - AEAD_TAG_LEN;
    if (!derive(&sealing, &fresh, key) ||
        !aead_open(plain.bytes, r.at, r.left, in, head_len, &sealing))
        return err_set(err, "is damaged, or was written under another key");
    if (!check_clock(&fresh, now_ms, err))
        return false;
    if (!decode_keyset(set, plain.bytes, plain.len, now_ms, err))
        return err_add(err, "holds what is no keyset of now");
    *head = fresh;
    return true;
}
