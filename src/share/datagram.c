/* see datagram.h */
#include "share/datagram.h"

#include <string.h>

#include "base/bytes.h"
#include "io/crypt.h"
#include "keys/key.h"

#define VERSION 1
#define PURPOSE "datagram"
#define WINDOW 64U

static const uint8_t magic[4] = {'s', 't', 'k', 'd'};

/* What stands in front of the salt. */
struct front {
    uint64_t sender, time_ms;
    uint8_t type;
    size_t len;
    uint64_t salt; /* how that begins */
};

static size_t
write_front(struct writer *w, const struct datagram_end *end, uint64_t time_ms, uint8_t type)
{
    size_t len = strlen(end->keyset);

    write_bytes(w, magic, sizeof magic);
    write_u8(w, VERSION);
    write_bytes(w, end->farm->id, sizeof end->farm->id);
    write_u64(w, end->host);
    write_u64(w, time_ms);
    write_u8(w, (uint8_t)len);
    write_bytes(w, end->keyset, len);
    write_u8(w, type);
    return w->len;
}

/* All that we have sealed since the first one that is remembered is remembered; what is older may
 * be ours, of an earlier run. */
static bool
is_ours(const struct datagram_end *end, const struct front *front)
{
    size_t count = end->sent_count < DATAGRAM_SENT_MAX ? end->sent_count : DATAGRAM_SENT_MAX;
    size_t first = end->sent_count < DATAGRAM_SENT_MAX ? 0 : end->sent_count % DATAGRAM_SENT_MAX;

    if (count == 0 || front->time_ms < end->sent[first].time_ms)
        return true;
    for (size_t i = 0; i < count; i++)
        if (end->sent[i].time_ms == front->time_ms && end->sent[i].salt == front->salt)
            return true;
    return false;
}

static uint8_t
type_of(const uint8_t *body, size_t len)
{
    return len == 0 ? 0 : body[0];
}

uint8_t
datagram_type(uint64_t *sender, const uint8_t *bytes, size_t len)
{
    struct reader r = reader_of(bytes, len);
    uint64_t who;
    uint8_t type;

    (void)read_bytes(&r, 5 + FARM_ID_LEN); /* fails for what is too short, as what follows */
    who = read_u64(&r);
    (void)read_u64(&r);
    (void)read_bytes(&r, read_u8(&r));
    type = read_u8(&r);
    if (r.failed)
        return 0;
    *sender = who;
    return type;
}

/* Does the front lead to one of our farm and keyset? */
static enum record_verdict
read_front(struct front *out, const struct datagram_end *end, struct reader *r)
{
    const uint8_t *mark = read_bytes(r, sizeof magic), *farm, *keyset;
    size_t len;

    if (mark == NULL || memcmp(mark, magic, sizeof magic) != 0)
        return RECORD_MALFORMED;
    if (read_u8(r) != VERSION)
        return r->failed ? RECORD_MALFORMED : RECORD_VERSION;
    farm = read_bytes(r, FARM_ID_LEN);
    out->sender = read_u64(r);
    out->time_ms = read_u64(r);
    len = read_u8(r);
    keyset = read_bytes(r, len);
    out->type = read_u8(r);
    out->len = 39 + len;
    if (r->failed || r->left < RECORD_SALT_LEN + CRYPT_TAG_LEN || out->sender == 0 ||
        r->left - RECORD_SALT_LEN - CRYPT_TAG_LEN > DATAGRAM_BODY_MAX)
        return RECORD_MALFORMED;
    if (memcmp(farm, end->farm->id, FARM_ID_LEN) != 0)
        return RECORD_FARM;
    if (len != strlen(end->keyset) || memcmp(keyset, end->keyset, len) != 0)
        return RECORD_KEYSET;
    out->salt = read_u64(r);
    return out->sender == end->host && is_ours(end, out) ? RECORD_KNOWN : RECORD_OPENED;
}

bool
datagram_seal(struct datagram_end *end, uint8_t out[DATAGRAM_MAX], size_t *out_len,
              const uint8_t salt[RECORD_SALT_LEN], const uint8_t *body, size_t len, uint64_t now_ms,
              struct err *err)
{
    uint64_t time_ms = record_sequence(end->last_ms, now_ms);
    uint8_t sealed[DATAGRAM_MAX];
    struct writer w = writer_of(sealed, sizeof sealed);
    size_t front_len = write_front(&w, end, time_ms, type_of(body, len));
    struct reader r = reader_of(salt, RECORD_SALT_LEN);
    SECRET(key);

    if (!record_is_keyset(end->keyset) || len > DATAGRAM_BODY_MAX)
        return err_set(err, "%zu bytes for keyset \"%s\": no datagram", len, end->keyset);
    if (farm_day_of(time_ms) < end->farm->first.number)
        return err_set(err, "our clock is before the farm's oldest secret: set the clock");
    write_bytes(&w, salt, RECORD_SALT_LEN);
    write_bytes(&w, body, len);
    if (w.left < CRYPT_TAG_LEN ||
        !record_key(&key, end->farm, PURPOSE, time_ms, sealed, front_len) ||
        !crypt_seal(&(struct crypt_gcm){.key = &key,
                                        .aad = sealed,
                                        .aad_len = front_len + RECORD_SALT_LEN,
                                        .text = sealed + front_len + RECORD_SALT_LEN,
                                        .text_len = len,
                                        .tag = sealed + w.len}))
        return err_set(err, "libcrypto failed");
    end->last_ms = time_ms;
    end->sent[end->sent_count++ % DATAGRAM_SENT_MAX] =
        (struct datagram_sent){time_ms, read_u64(&r)};
    *out_len = w.len + CRYPT_TAG_LEN;
    memcpy(out, sealed, *out_len);
    return true;
}

/* ---- opening ---- */

/* A day apart leads to no secret, or to one that takes many steps. */
static bool
is_of_these_days(const struct farm *farm, uint64_t time_ms, uint64_t now_ms)
{
    uint64_t day = farm_day_of(time_ms), today = farm_day_of(now_ms);

    return day >= farm->first.number && day <= today + 1 && day + 1 >= today;
}

static enum record_verdict
unseal(struct datagram *out, const struct datagram_end *end, const struct front *front,
       const uint8_t *bytes, size_t len)
{
    size_t before = front->len + RECORD_SALT_LEN;
    uint8_t tag[CRYPT_TAG_LEN];
    SECRET(key);

    out->len = len - before - sizeof tag;
    memcpy(out->body, bytes + before, out->len);
    memcpy(tag, bytes + len - sizeof tag, sizeof tag);
    if (!record_key(&key, end->farm, PURPOSE, front->time_ms, bytes, front->len))
        return RECORD_FAILED;
    switch (crypt_open(&(struct crypt_gcm){.key = &key,
                                           .aad = bytes,
                                           .aad_len = before,
                                           .text = out->body,
                                           .text_len = out->len,
                                           .tag = tag})) {
    case CRYPT_OPENED: return RECORD_OPENED;
    case CRYPT_FORGED: return RECORD_FORGED;
    case CRYPT_FAILED: break;
    }
    return RECORD_FAILED;
}

enum record_verdict
datagram_open(const struct datagram_end *end, struct datagram *out, const uint8_t *bytes,
              size_t len, uint64_t now_ms)
{
    struct reader r = reader_of(bytes, len);
    struct front front;
    struct datagram opened;
    enum record_verdict verdict = read_front(&front, end, &r);

    if (verdict != RECORD_OPENED)
        return verdict;
    if (!is_of_these_days(end->farm, front.time_ms, now_ms))
        return RECORD_DAY_OVER;
    verdict = unseal(&opened, end, &front, bytes, len);
    if (verdict != RECORD_OPENED)
        return verdict;
    if (type_of(opened.body, opened.len) != front.type)
        return RECORD_CONTENT; /* a member's that is mad */
    if (front.time_ms > now_ms && front.time_ms - now_ms > KEY_SKEW_MS)
        return RECORD_AHEAD;
    if (now_ms > front.time_ms && now_ms - front.time_ms > KEY_SKEW_MS)
        return RECORD_BEHIND;
    out->sender = front.sender;
    out->time_ms = front.time_ms;
    out->from_ms = end->farm->first.number * FARM_DAY_MS;
    out->until_ms = now_ms + KEY_SKEW_MS;
    out->len = opened.len;
    memcpy(out->body, opened.body, opened.len);
    return RECORD_OPENED;
}

bool
datagram_is_fresh(struct datagram_window *window, uint64_t time_ms)
{
    uint64_t apart;

    if (time_ms > window->last_ms) {
        apart = time_ms - window->last_ms;
        window->seen = (apart < WINDOW ? window->seen << apart : 0) | 1;
        window->last_ms = time_ms;
        return true;
    }
    apart = window->last_ms - time_ms;
    if (apart >= WINDOW || (window->seen >> apart & 1) != 0)
        return false;
    window->seen |= (uint64_t)1 << apart;
    return true;
}
