/* see encode.h for the format */
#include "keys/encode.h"

#include <string.h>

#include "base/bytes.h"
#include "keys/keyset_inner.h"

#define KEY_LEN (KEY_NAME_LEN + SECRET_LEN + 2 * 8 + 2 * 3 + 1 + 8) /* at most */
#define SPAN_MAX ((uint64_t)1 << 24) /* of seconds in 3 bytes: twice what key_check() lets by */
#define HAS_MAKER 0x80U
#define NAMED_LEN (KEY_NAME_LEN + 8) /* a confirmation or revocation */
#define FIXED_LEN (1 + 3 * 2 + 16)   /* version, counts, mark */

static size_t
count_keys(const struct keyset *set)
{
    size_t count = 0;

    for (size_t i = 0; i < set->key_count; i++)
        count += (set->keys[i].flags & KEY_REVOKED) == 0;
    return count;
}

/* How long a key seals, or opens after that. Whatever passes key_check() fits. */
static void
write_span(struct writer *w, uint64_t from, uint64_t until)
{
    w->failed |= until < from || until - from >= SPAN_MAX;
    write_uint(w, until - from, 3);
}

/* *maker: that of the key before, and then of this one. */
static void
write_key(struct writer *w, uint64_t *maker, const struct key *key)
{
    uint8_t flags = (uint8_t)(key->flags & KEY_MADE_FLAGS);

    write_bytes(w, key->name, sizeof key->name);
    write_bytes(w, key->secret.bytes, sizeof key->secret.bytes);
    write_u64(w, key->made_ms);
    write_u64(w, key->seal_from);
    write_span(w, key->seal_from, key->seal_until);
    write_span(w, key->seal_until, key->open_until);
    write_u8(w, key->maker == *maker ? flags : flags | HAS_MAKER);
    if (key->maker != *maker)
        write_u64(w, key->maker);
    *maker = key->maker;
}

static void
write_named(struct writer *w, const uint8_t name[KEY_NAME_LEN], uint64_t until)
{
    write_bytes(w, name, KEY_NAME_LEN);
    write_u64(w, until);
}

static void
write_keyset(struct writer *w, const struct keyset *set)
{
    uint64_t maker = 0;

    write_u8(w, ENCODE_VERSION);
    write_u16(w, (uint16_t)count_keys(set));
    for (size_t i = 0; i < set->key_count; i++)
        if ((set->keys[i].flags & KEY_REVOKED) == 0)
            write_key(w, &maker, &set->keys[i]);
    write_u16(w, (uint16_t)set->confirmation_count);
    for (size_t i = 0; i < set->confirmation_count; i++)
        write_named(w, set->confirmations[i].name, set->confirmations[i].until);
    write_u16(w, (uint16_t)set->revocation_count);
    for (size_t i = 0; i < set->revocation_count; i++)
        write_named(w, set->revocations[i].name, set->revocations[i].until);
    write_u64(w, set->mark.made_ms);
    write_u64(w, set->mark.until);
}

static bool
check_count(const char *what, size_t count, struct err *err)
{
    if (count > ENCODE_ITEMS_MAX)
        return err_set(err, "%zu %s: a record holds up to %u", count, what, ENCODE_ITEMS_MAX);
    return true;
}

bool
encode_keyset(struct secret_buf *out, const struct keyset *set, struct err *err)
{
    size_t keys = count_keys(set);
    struct writer w;

    if (!check_count("keys", keys, err) ||
        !check_count("confirmations", set->confirmation_count, err) ||
        !check_count("revocations", set->revocation_count, err))
        return false;
    if (!secret_buf_reserve(out, FIXED_LEN + keys * KEY_LEN +
                                     (set->confirmation_count + set->revocation_count) * NAMED_LEN))
        return err_set(err, "no memory");
    w = writer_of(out->bytes, out->cap);
    write_keyset(&w, set);
    if (w.failed)
        return err_set(err, "a key's times are not of this world");
    out->len = w.len;
    return true;
}

/* Walks through one of the three arrays: bounds its count, and keeps its names in order. */
struct list {
    const char *what;
    size_t left;
    uint8_t last[KEY_NAME_LEN];
    uint64_t maker; /* of the last one */
    bool started;
};

static bool
list_open(struct list *list, struct reader *r, const char *what, struct err *err)
{
    *list = (struct list){.what = what, .left = read_u16(r)};
    return check_count(what, list->left, err);
}

/* The name of the next item, which must come after the last one's. */
static bool
list_next(struct list *list, struct reader *r, uint8_t name[KEY_NAME_LEN], struct err *err)
{
    read_copy(r, name, KEY_NAME_LEN);
    if (r->failed)
        return err_set(err, "cut short in its %s", list->what);
    if (list->started && memcmp(name, list->last, KEY_NAME_LEN) <= 0)
        return err_set(err, "its %s are not sorted by name", list->what);
    memcpy(list->last, name, KEY_NAME_LEN);
    list->started = true;
    list->left--;
    return true;
}

static bool
read_key(struct reader *r, struct list *list, struct key *key, struct err *err)
{
    if (!list_next(list, r, key->name, err))
        return false;
    read_copy(r, key->secret.bytes, sizeof key->secret.bytes);
    key->made_ms = read_u64(r);
    key->seal_from = read_u64(r);
    key->seal_until = key->seal_from + read_uint(r, 3);
    key->open_until = key->seal_until + read_uint(r, 3);
    key->flags = read_u8(r);
    key->maker = (key->flags & HAS_MAKER) != 0 ? read_u64(r) : list->maker;
    if (r->failed)
        return err_set(err, "cut short in its keys");
    if ((key->flags & HAS_MAKER) != 0 && key->maker == list->maker)
        return err_set(err, "it tells a maker twice");
    if (key->seal_from > KEY_TIME_MAX)
        return err_set(err, "a key's times are not of this world");
    list->maker = key->maker;
    key->flags &= ~HAS_MAKER;
    if ((key->flags & ~(uint32_t)KEY_MADE_FLAGS) != 0)
        return err_set(err, "a key has a flag that is not known");
    return true;
}

/* What is made of the bytes: refused parts are counted and left out. */
struct decoding {
    struct keyset set;
    struct tally tally;
    uint64_t now_ms;
};

static bool
read_keys(struct reader *r, struct decoding *to, struct err *err)
{
    struct list list;

    if (!list_open(&list, r, "keys", err))
        return false;
    while (list.left > 0) {
        struct err why;
        KEY(key);

        if (!read_key(r, &list, &key, err))
            return false;
        tally_count(&to->tally, keyset_add(&to->set, &key, to->now_ms, &why), &why);
    }
    return true;
}

static bool
read_named(struct reader *r, struct list *list, struct confirmation *item, struct err *err)
{
    if (!list_next(list, r, item->name, err))
        return false;
    item->until = read_u64(r);
    return r->failed ? err_set(err, "cut short in its %s", list->what) : true;
}

static bool
read_confirmations(struct reader *r, struct decoding *to, struct err *err)
{
    struct confirmation item;
    struct list list;
    struct err why;

    if (!list_open(&list, r, "confirmations", err))
        return false;
    while (list.left > 0) {
        if (!read_named(r, &list, &item, err))
            return false;
        tally_count(&to->tally, keyset_confirm(&to->set, item.name, item.until, to->now_ms, &why),
                    &why);
    }
    return true;
}

static bool
read_revocations(struct reader *r, struct decoding *to, struct err *err)
{
    struct confirmation item;
    struct list list;
    struct err why;

    if (!list_open(&list, r, "revocations", err))
        return false;
    while (list.left > 0) {
        if (!read_named(r, &list, &item, err))
            return false;
        if (keyset_find(&to->set, item.name) != NULL)
            return err_set(err, "it holds a key together with its revocation");
        tally_count(&to->tally,
                    keyset_revoke_name(&to->set, item.name, item.until, to->now_ms, &why), &why);
    }
    return true;
}

static bool
read_mark(struct reader *r, struct decoding *to, struct err *err)
{
    uint64_t made_ms = read_u64(r), until = read_u64(r);
    struct err why;

    if (r->failed)
        return err_set(err, "cut short in its mark");
    if (until == 0 && made_ms != 0)
        return err_set(err, "its mark has no end");
    tally_count(&to->tally, keyset_revoke_mark(&to->set, made_ms, until, to->now_ms, &why), &why);
    for (size_t i = 0; i < to->set.key_count; i++)
        if ((to->set.keys[i].flags & KEY_REVOKED) != 0)
            return err_set(err, "it holds a key together with its revocation");
    return true;
}

static void
decoding_free(struct decoding *decoding)
{
    keyset_free(&decoding->set);
}

bool
decode_keyset_parts(struct keyset *out, bool *refused, const uint8_t *in, size_t len,
                    uint64_t now_ms, struct err *err)
{
    __attribute__((cleanup(decoding_free))) struct decoding to = {.now_ms = now_ms};
    struct reader r = reader_of(in, len);
    uint8_t version = read_u8(&r);

    if (r.failed)
        return err_set(err, "empty");
    if (version != ENCODE_VERSION)
        return err_set(err, "version %u is not known", version);
    if (!read_keys(&r, &to, err) || !read_confirmations(&r, &to, err) ||
        !read_revocations(&r, &to, err) || !read_mark(&r, &to, err))
        return false;
    if (!reader_done(&r))
        return err_set(err, "%zu bytes too many", r.left);
    (void)tally_tell(&to.tally, err); /* told by *refused */
    *refused = to.tally.refused;
    *out = to.set;
    keyset_init(&to.set);
    return true;
}

bool
decode_keyset(struct keyset *out, const uint8_t *in, size_t len, uint64_t now_ms, struct err *err)
{
    bool refused = false;
    KEYSET(set);

    if (!decode_keyset_parts(&set, &refused, in, len, now_ms, err) || refused)
        return false;
    *out = set;
    keyset_init(&set);
    return true;
}
