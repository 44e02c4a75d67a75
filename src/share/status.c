/* see status.h */
#include "share/status.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "io/crypt.h"

#define VERSION 1
#define ENCODED_MAX \
    (1U + 2 * (1 + STATUS_TEXT_MAX) + 3 * 8 + 4 + STATUS_DIGEST_LEN + 2 + \
     STATUS_NAMES_MAX * KEY_NAME_LEN)

static bool
is_printable(char c)
{
    return c >= '!' && c <= '~';
}

void
status_set_text(char out[STATUS_TEXT_MAX + 1], const char *text)
{
    size_t len = strnlen(text, STATUS_TEXT_MAX);

    for (size_t i = 0; i < len; i++) {
        out[i] = text[i];
        if (!is_printable(out[i]))
            out[i] = '?';
    }
    out[len] = '\0';
}

/* ---- keys ---- */

/* A key that opens, and when it begins to seal; 0: it has begun. */
struct listed {
    const uint8_t *name;
    uint64_t seals_from;
};

/* Those that are still to seal first, the soonest in front; then by name. */
static int
compare_listed(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    uint64_t from_x = x->seals_from - 1, from_y = y->seals_from - 1; /* 0 goes last */

    if (from_x != from_y)
        return from_x < from_y ? -1 : 1;
    return memcmp(x->name, y->name, KEY_NAME_LEN);
}

static int
compare_names(const void *a, const void *b)
{
    return memcmp(a, b, KEY_NAME_LEN);
}

static size_t
list_keys(struct listed *out, const struct keyset *set, const struct policy *policy, uint64_t now_s)
{
    size_t count = 0;

    for (size_t i = 0; i < set->key_count; i++) {
        const struct key *key = &set->keys[i];
        uint64_t from = keyset_seals_from(key, policy);

        if (keyset_may_open(key, now_s))
            out[count++] = (struct listed){key->name, from > now_s ? from : 0};
    }
    return count;
}

/* Over the names as the keyset sorts them, so the order in which they came does not matter. */
static bool
digest_of(uint8_t out[STATUS_DIGEST_LEN], const struct listed *listed, size_t count)
{
    static const char label[] = "stek1 digest";
    uint8_t hash[HKDF_HASH_LEN];
    struct writer w;
    SECRET_BUF(names);

    if (!secret_buf_init(&names, count * KEY_NAME_LEN))
        return false;
    w = writer_of(names.bytes, names.cap);
    for (size_t i = 0; i < count; i++)
        write_bytes(&w, listed[i].name, KEY_NAME_LEN);
    if (crypt_hmac(hash, names.bytes, w.len, (const uint8_t *)label, sizeof label - 1) != 1)
        return false;
    memcpy(out, hash, STATUS_DIGEST_LEN);
    return true;
}

static void
name_keys(struct status *status, struct listed *listed, size_t count)
{
    size_t named = count < STATUS_NAMES_MAX ? count : STATUS_NAMES_MAX;

    qsort(listed, count, sizeof *listed, compare_listed);
    status->coming_count = status->others_count = 0;
    for (size_t i = 0; i < named; i++)
        memcpy(listed[i].seals_from > 0 ? status->coming[status->coming_count++]
                                        : status->others[status->others_count++],
               listed[i].name, KEY_NAME_LEN);
    qsort(status->coming, status->coming_count, KEY_NAME_LEN, compare_names);
}

bool
status_set_keys(struct status *status, const struct keyset *set, const struct policy *policy,
                uint64_t now_s, struct err *err)
{
    struct listed *listed = calloc(set->key_count + 1, sizeof *listed);
    uint8_t digest[STATUS_DIGEST_LEN];
    size_t count;

    if (listed == NULL)
        return err_set(err, "no memory");
    count = list_keys(listed, set, policy, now_s);
    if (!digest_of(digest, listed, count)) {
        free(listed);
        return err_set(err, "no memory, or libcrypto failed");
    }
    memcpy(status->digest, digest, sizeof digest);
    status->held = (uint32_t)count;
    name_keys(status, listed, count);
    free(listed);
    return true;
}

bool
status_names(const struct status *status, const uint8_t name[KEY_NAME_LEN])
{
    return bsearch(name, status->coming, status->coming_count, KEY_NAME_LEN, compare_names) !=
               NULL ||
           bsearch(name, status->others, status->others_count, KEY_NAME_LEN, compare_names) != NULL;
}

/* ---- bytes ---- */

static void
write_text(struct writer *w, const char *text)
{
    size_t len = strnlen(text, STATUS_TEXT_MAX + 1);

    for (size_t i = 0; i < len; i++)
        w->failed |= !is_printable(text[i]);
    w->failed |= len > STATUS_TEXT_MAX;
    write_u8(w, (uint8_t)len);
    write_bytes(w, text, len);
}

static void
write_names(struct writer *w, const uint8_t names[][KEY_NAME_LEN], uint8_t count)
{
    write_u8(w, count);
    write_bytes(w, names, (size_t)count * KEY_NAME_LEN);
}

bool
status_encode(struct secret_buf *out, const struct status *status, struct err *err)
{
    struct writer w;

    if (!secret_buf_reserve(out, ENCODED_MAX))
        return err_set(err, "no memory");
    w = writer_of(out->bytes, out->cap);
    write_u8(&w, VERSION);
    write_text(&w, status->host_name);
    write_text(&w, status->version);
    write_u64(&w, status->clock_ms);
    write_u64(&w, status->beat);
    write_u64(&w, status->generation);
    write_u32(&w, status->held);
    write_bytes(&w, status->digest, sizeof status->digest);
    write_names(&w, status->coming, status->coming_count);
    write_names(&w, status->others, status->others_count);
    if (w.failed)
        return err_set(err, "the host's name or the version cannot be told: it is not printable");
    out->len = w.len;
    return true;
}

static void
read_text(struct reader *r, char out[STATUS_TEXT_MAX + 1])
{
    uint8_t len = read_u8(r);

    r->failed |= len > STATUS_TEXT_MAX;
    if (!r->failed)
        read_copy(r, out, len);
    for (size_t i = 0; !r->failed && i < len; i++)
        r->failed |= !is_printable(out[i]);
}

static void
read_names(struct reader *r, uint8_t names[][KEY_NAME_LEN], uint8_t *count, size_t max)
{
    uint8_t told = read_u8(r);

    r->failed |= told > max;
    for (uint8_t i = 0; !r->failed && i < told; i++) {
        read_copy(r, names[i], KEY_NAME_LEN);
        r->failed |= i > 0 && memcmp(names[i - 1], names[i], KEY_NAME_LEN) >= 0;
    }
    *count = told;
}

/* A number that JSON holds. */
static uint64_t
read_number(struct reader *r)
{
    uint64_t number = read_u64(r);

    r->failed |= number > KEY_TIME_MAX;
    return number;
}

bool
status_decode(struct status *out, const uint8_t *in, size_t len, struct err *err)
{
    struct reader r = reader_of(in, len);
    struct status status = {.held = 0};
    uint8_t version = read_u8(&r);

    if (!r.failed && version != VERSION)
        return err_set(err, "version %u is not known", version);
    read_text(&r, status.host_name);
    read_text(&r, status.version);
    status.clock_ms = read_number(&r);
    status.beat = read_number(&r);
    status.generation = read_number(&r);
    status.held = read_u32(&r);
    read_copy(&r, status.digest, sizeof status.digest);
    read_names(&r, status.coming, &status.coming_count, STATUS_NAMES_MAX);
    read_names(&r, status.others, &status.others_count,
               STATUS_NAMES_MAX - (r.failed ? 0 : status.coming_count));
    if (r.failed)
        return err_set(err, "it is no status: cut short, or not as it should be");
    *out = status;
    return true;
}
