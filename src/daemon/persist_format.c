/* see persist_format.h */
#include "daemon/persist_format.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "control/control.h"
#include "daemon/clock.h"
#include "io/crypt.h"
#include "io/moment.h"
#include "keys/encode.h"

#define MAGIC "stekkept"
#define MAGIC_LEN (sizeof MAGIC - 1)
#define VERSION 1
#define PURPOSE "persist"
#define NAME_MAX_LEN ((size_t)CONTROL_KEYSET_MAX)
#define HEAD_MAX (MAGIC_LEN + 2 + 1 + NAME_MAX_LEN + 8 + 8 + PERSIST_SALT_LEN + 4)

static bool
derive(struct secret *out, const struct persist_head *head, const struct secret *key)
{
    struct crypt_info info;
    SECRET(prk);

    crypt_info_begin(&info, PURPOSE);
    crypt_info_add(&info, head->keyset, strlen(head->keyset));
    return hkdf_extract(prk.bytes, head->salt, sizeof head->salt, key->bytes, sizeof key->bytes,
                        crypt_hmac) &&
           crypt_derive(out, &prk, &info);
}

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

/* NOLINTBEGIN(readability-non-const-parameter): what follows the head is written */
/* A head of `head_len` bytes is there; put the rest behind it. */
static bool
seal_behind(uint8_t *whole, size_t head_len, const struct secret_buf *plain,
            const struct persist_head *head, const struct secret *key)
{
    struct crypt_gcm gcm = {.aad = whole,
                            .aad_len = head_len,
                            .text = whole + head_len,
                            .text_len = plain->len,
                            .tag = whole + head_len + plain->len};
    SECRET(sealing);

    gcm.key = &sealing;
    memcpy(gcm.text, plain->bytes, plain->len);
    if (derive(&sealing, head, key) && crypt_seal(&gcm))
        return true;
    secret_wipe_bytes(gcm.text, plain->len);
    return false;
}
/* NOLINTEND(readability-non-const-parameter) */

bool
persist_seal(uint8_t **out, size_t *len, const struct persist_head *head, const struct keyset *set,
             const struct secret *key, struct err *err)
{
    uint8_t bytes[HEAD_MAX], *whole;
    size_t head_len;
    SECRET_BUF(plain);

    if (!encode_keyset(&plain, set, err))
        return false;
    head_len = write_head(bytes, head, plain.len + CRYPT_TAG_LEN);
    whole = malloc(HEAD_MAX + plain.len + CRYPT_TAG_LEN);
    if (whole == NULL || head_len == 0) {
        free(whole);
        return err_set(err, "no memory");
    }
    memcpy(whole, bytes, head_len);
    if (!seal_behind(whole, head_len, &plain, head, key)) {
        free(whole);
        return err_set(err, "libcrypto failed");
    }
    *out = whole;
    *len = head_len + plain.len + CRYPT_TAG_LEN;
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

/* What is behind a head of `head_len` bytes, into an empty `plain`. */
static bool
open_behind(struct secret_buf *plain, const uint8_t *in, size_t len, size_t head_len,
            const struct persist_head *head, const struct secret *key, struct err *err)
{
    uint8_t tag[CRYPT_TAG_LEN];
    struct crypt_gcm gcm = {.aad = in, .aad_len = head_len, .tag = tag};
    SECRET(sealing);

    if (len - head_len < sizeof tag)
        return err_set(err, "is cut short");
    if (!secret_buf_init(plain, len - head_len))
        return err_set(err, "takes more memory than there is");
    plain->len = len - head_len - sizeof tag;
    memcpy(plain->bytes, in + head_len, plain->len);
    memcpy(tag, in + head_len + plain->len, sizeof tag);
    gcm.key = &sealing;
    gcm.text = plain->bytes;
    gcm.text_len = plain->len;
    if (!derive(&sealing, head, key))
        return err_set(err, "could not be opened: libcrypto failed");
    switch (crypt_open(&gcm)) {
    case CRYPT_OPENED: return true;
    case CRYPT_FORGED: return err_set(err, "is damaged, or was written under another key");
    case CRYPT_FAILED: break;
    }
    return err_set(err, "could not be opened: libcrypto failed");
}

bool
persist_open_sealed(struct persist_head *head, struct keyset *set, const uint8_t *in, size_t len,
                    const struct secret *key, uint64_t now_ms, struct err *err)
{
    struct reader r = reader_of(in, len);
    struct persist_head fresh = {.keyset = head->keyset};
    SECRET_BUF(plain);

    if (!read_head(&fresh, &r, head->keyset, err) ||
        !open_behind(&plain, in, len, len - r.left, &fresh, key, err) ||
        !check_clock(&fresh, now_ms, err))
        return false;
    if (!decode_keyset(set, plain.bytes, plain.len, now_ms, err))
        return err_add(err, "holds what is no keyset of now");
    *head = fresh;
    return true;
}
