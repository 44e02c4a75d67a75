/* see farm.h */
#include "share/farm.h"

#include "base/bytes.h"
#include "io/crypt.h"
#include "keys/keyset.h"
#include "share/line.h"

#define DAY_S (FARM_DAY_MS / 1000)
#define DAY_MAX (KEY_TIME_MAX / FARM_DAY_MS)
#define PURPOSE "farm day"

static void
day_wipe(struct farm_day *day)
{
    secret_wipe_bytes(day, sizeof *day);
}

#define DAY(var) __attribute__((cleanup(day_wipe))) struct farm_day var = {0}

void
farm_wipe(struct farm *farm)
{
    secret_wipe_bytes(farm, sizeof *farm);
}

uint64_t
farm_day_of(uint64_t now_ms)
{
    return now_ms / FARM_DAY_MS;
}

uint64_t
farm_keep_days(const struct policy *policy)
{
    uint64_t life_s = 3 * policy->rotate_s + policy->patience_s + policy->lifetime_s +
                      2 * KEYSET_LINGER_S; /* as keyset_mark_all() has it */

    return (life_s + DAY_S - 1) / DAY_S + 1;
}

/* Move forward to a later day, or stay. */
static bool
step_to(struct farm_day *day, const uint8_t id[FARM_ID_LEN], uint64_t number)
{
    if (number < day->number || number - day->number > FARM_STEPS_MAX)
        return false;
    while (day->number < number) {
        uint8_t next[8];
        struct crypt_info info;
        struct writer w = writer_of(next, sizeof next);

        write_u64(&w, day->number + 1);
        crypt_info_begin(&info, PURPOSE);
        crypt_info_add(&info, id, FARM_ID_LEN);
        crypt_info_add(&info, next, sizeof next);
        if (!crypt_derive(&day->secret, &day->secret, &info))
            return false;
        day->number++;
    }
    return true;
}

bool
farm_restore(struct farm *out, const uint8_t id[FARM_ID_LEN], const struct farm_day *first,
             struct err *err)
{
    FARM(farm);

    if (secret_is_weak(id, FARM_ID_LEN))
        return err_set(err, "the farm's id is weak: zero, repeated or patterned bytes");
    if (secret_is_weak(first->secret.bytes, sizeof first->secret.bytes))
        return err_set(err, "the farm's secret is weak: zero, repeated or patterned bytes");
    if (first->number == 0 || first->number > DAY_MAX)
        return err_set(err, "the farm's day is not of this world");
    memcpy(farm.id, id, FARM_ID_LEN);
    farm.first = farm.near = *first;
    *out = farm;
    return true;
}

bool
farm_create(struct farm *out, const uint8_t id[FARM_ID_LEN], const struct secret *secret,
            uint64_t now_ms, struct err *err)
{
    DAY(yesterday);

    if (farm_day_of(now_ms) < 2)
        return err_set(err, "the clock is not set: it says 1970");
    yesterday.number = farm_day_of(now_ms) - 1;
    yesterday.secret = *secret;
    return farm_restore(out, id, &yesterday, err);
}

static bool
check_clock(const struct farm *farm, uint64_t today, struct err *err)
{
    if (today < farm->first.number)
        return err_set(err, "our clock is %llu days before the farm's oldest secret: set the clock",
                       (unsigned long long)(farm->first.number - today));
    if (today - farm->first.number > FARM_STEPS_MAX)
        return err_set(err,
                       "our clock is %llu days after the farm's oldest secret: set the clock, or "
                       "join the farm anew",
                       (unsigned long long)(today - farm->first.number));
    return true;
}

/* The oldest day that must be kept: by our clock and by what a peer has shown. */
static uint64_t
oldest(const struct farm *farm, uint64_t keep_days, uint64_t today)
{
    uint64_t newest = farm->peer_day < today ? farm->peer_day : today;

    if (newest < keep_days || newest - keep_days < farm->first.number)
        return farm->first.number;
    return newest - keep_days;
}

bool
farm_advance(struct farm *farm, bool *changed, uint64_t keep_days, uint64_t now_ms, struct err *err)
{
    uint64_t today = farm_day_of(now_ms), from, near;
    FARM(moved);

    if (!check_clock(farm, today, err))
        return false;
    moved = *farm;
    from = oldest(farm, keep_days > 0 ? keep_days : 1, today);
    near = today - 1 > from ? today - 1 : from;
    if (moved.near.number > near) /* the clock was set back */
        moved.near = moved.first;
    if (!step_to(&moved.first, moved.id, from))
        return err_set(err, "libcrypto failed");
    if (moved.near.number < from)
        moved.near = moved.first;
    if (!step_to(&moved.near, moved.id, near))
        return err_set(err, "libcrypto failed");
    *changed = from != farm->first.number;
    *farm = moved;
    return true;
}

void
farm_saw(struct farm *farm, uint64_t day)
{
    if (farm->peer_day < day)
        farm->peer_day = day;
}

bool
farm_secret(const struct farm *farm, struct secret *out, uint64_t day)
{
    DAY(wanted);

    wanted = day >= farm->near.number ? farm->near : farm->first;
    if (!step_to(&wanted, farm->id, day))
        return false;
    *out = wanted.secret;
    return true;
}

/* ---- its file ---- */

static const char comment[] = "# The secret of a farm of hosts that share TLS session ticket keys: "
                              "whoever reads it can read\n"
                              "# their tickets. Mode 0600. stekd writes it anew as days go by.\n";

#define BYTES_LEN (FARM_ID_LEN + 4 + SECRET_LEN)

bool
farm_encode(struct secret_buf *out, const struct farm *farm, struct err *err)
{
    SECRET_BUF(bytes);
    struct writer w;

    if (!secret_buf_init(&bytes, BYTES_LEN))
        return err_set(err, "no memory");
    w = writer_of(bytes.bytes, bytes.cap);
    write_bytes(&w, farm->id, sizeof farm->id);
    write_u32(&w, (uint32_t)farm->first.number);
    write_bytes(&w, farm->first.secret.bytes, sizeof farm->first.secret.bytes);
    return line_file(out, comment, FARM_WORD, bytes.bytes, w.len, err);
}

bool
farm_decode(struct farm *out, const char *text, size_t len, struct err *err)
{
    uint8_t id[FARM_ID_LEN];
    struct reader r;
    DAY(first);
    SECRET_BUF(bytes);

    if (!line_read(&bytes, FARM_WORD, text, len, err))
        return false;
    r = reader_of(bytes.bytes, bytes.len);
    read_copy(&r, id, sizeof id);
    first.number = read_u32(&r);
    read_copy(&r, first.secret.bytes, sizeof first.secret.bytes);
    if (!reader_done(&r))
        return err_set(err, "it holds %zu bytes: the secret of a farm has %d", bytes.len,
                       BYTES_LEN);
    return farm_restore(out, id, &first, err);
}
