/* see orders.h: what happens to stekd's time, configuration, clock and source */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys_support.h"
#include "orders.h"

#define NEAR_STEP_MS 50000 /* a change of the wall clock that is followed */
#define LIFETIME_MAX_S 10800
#define FAR_STEP_MS 120000 /* the least one that is not */

/* ---- time ---- */

/* From a millisecond to some hours, short ones as often as long ones. */
static uint64_t
some_time(struct drive *drive)
{
    uint64_t most = (uint64_t)1 << rng_below(&drive->rng, rng_below(&drive->rng, 8) == 0 ? 24 : 20);

    return 1 + rng_below(&drive->rng, most);
}

bool
happen_time(struct drive *drive)
{
    return drive_pass(drive, some_time(drive));
}

/* ---- configuration ---- */

static struct wish
some_wish(struct drive *drive)
{
    static const uint64_t rotates[] = {10, 60, 600, 3600}, lives[] = {1, 4, 20, 80};
    struct wish wish = {.is_there = true, .capacity = 1024};

    wish.rotate = rotates[rng_below(&drive->rng, 4)];
    wish.lifetime = wish.rotate * lives[rng_below(&drive->rng, 4)] / 2;
    if (wish.lifetime > LIFETIME_MAX_S) /* keys that live long are many to look at */
        wish.lifetime = LIFETIME_MAX_S;
    wish.patience = rng_below(&drive->rng, wish.rotate);
    wish.each = rng_below(&drive->rng, 4) == 0;
    if (rng_below(&drive->rng, 6) == 0) /* one that orders can fill */
        wish = (struct wish){true, 3600, 7200, 900, false, 32};
    return wish;
}

/* Rings of little room keep their policy: another one may need more keys. */
static bool
is_small(const struct wish *wish)
{
    return wish->capacity < 1024;
}

/* Where one second decides whether a step is followed the model cannot know. */
static bool
is_doubtful(int64_t step)
{
    int64_t far = step < 0 ? -step : step;

    return far > CLOCK_FOLLOW_MS - 3000 && far < CLOCK_FOLLOW_MS + 3000;
}

/* What a reload or a start may ask for: some keysets more or less, some with another policy. */
static void
some_wishes(struct drive *drive, struct wish wishes[DRIVE_KEYSETS])
{
    size_t any = DRIVE_KEYSETS, last = 0;

    for (size_t i = 0; i < DRIVE_KEYSETS; i++) {
        const struct drive_keyset *keyset = &drive->keysets[i];
        bool stays =
            keyset->is_on_disk && (is_small(&keyset->wish) || rng_below(&drive->rng, 4) > 0);

        wishes[i] = stays ? keyset->wish : some_wish(drive);
        if (keyset->is_on_disk)
            wishes[i].capacity = keyset->wish.capacity;
        wishes[i].is_there = rng_below(&drive->rng, 4) > 0;
        if (wishes[i].is_there)
            any = i;
        if (keyset->is_running)
            last = i;
    }
    if (any == DRIVE_KEYSETS)
        wishes[last].is_there = true;
}

static bool
is_any_doubtful(const struct drive *drive, int64_t offset)
{
    bool found = false;

    for (size_t i = 0; i < DRIVE_KEYSETS; i++)
        found |=
            drive->keysets[i].is_on_disk && is_doubtful(offset - drive->keysets[i].model.offset);
    return found;
}

bool
happen_reload(struct drive *drive)
{
    struct wish wishes[DRIVE_KEYSETS];

    if (is_any_doubtful(drive, drive->stekd->clock.offset_ms))
        return true;
    some_wishes(drive, wishes);
    return drive_configure(drive, wishes) && drive_reload(drive, wishes, true) &&
           drive_compare(drive);
}

/* What is there, and perhaps a new keyset, which must not come to be. */
static bool
write_present(struct drive *drive, const char *more)
{
    struct wish wishes[DRIVE_KEYSETS];
    FILE *file;
    bool ok;

    for (size_t i = 0; i < DRIVE_KEYSETS; i++) {
        wishes[i] = drive->keysets[i].wish;
        wishes[i].is_there = drive->keysets[i].is_running;
        if (!drive->keysets[i].is_on_disk && rng_below(&drive->rng, 2) == 0)
            wishes[i] = some_wish(drive);
    }
    if (!drive_configure(drive, wishes))
        return false;
    file = fopen(drive->config, "a");
    ok = file != NULL && fputs(more, file) >= 0;
    return (file != NULL && fclose(file) == 0 && ok) || drive_fail(drive, "no configuration");
}

/* A running keyset with what cannot change while it does. */
static bool
write_change(struct drive *drive, const char *option)
{
    char text[128];

    for (size_t i = 0; i < DRIVE_KEYSETS; i++) {
        if (!drive->keysets[i].is_running)
            continue;
        (void)snprintf(text, sizeof text, "keyset new { }\nkeyset %s { %s }\n",
                       drive->keysets[i].name, option);
        return drive_write(drive, text);
    }
    return drive_fail(drive, "nothing is running");
}

static bool
write_bad(struct drive *drive)
{
    static const char *const faulty[] = {"",
                                         "keyset a {",
                                         "keyset a { rotate = soon }\n",
                                         "keyset a { lifetime = 8d }\n",
                                         "keyset a { group = \"no such group\" }\n",
                                         "control { admin = \"no such group\" }\nkeyset a { }\n"};
    char path[96];

    switch (rng_below(&drive->rng, 4)) {
    case 0: return drive_write(drive, faulty[rng_below(&drive->rng, 6)]);
    case 1: return write_change(drive, "capacity = 4096");
    case 2:
        (void)unlink(drive->config); /* it may be gone already */
        return true;
    default:
        (void)snprintf(path, sizeof path, "%s/blocked.r1", drive->run);
        (void)mkdir(path, 0700); /* it may be there already */
        return write_present(drive, "keyset blocked { }\n");
    }
}

bool
happen_bad_reload(struct drive *drive)
{
    uint64_t before = order_fingerprint(drive);

    if (!write_bad(drive) || !drive_reload(drive, NULL, false))
        return false;
    return (order_fingerprint(drive) == before ||
            drive_fail(drive, "a reload failed, and something changed")) &&
           drive_compare(drive);
}

/* ---- clock ---- */

static int64_t
held_ms(const struct drive *drive)
{
    return (int64_t)(virtual_system.wall_ms - virtual_system.boot_ms) -
           drive->stekd->clock.offset_ms;
}

static uint64_t
near_step(struct drive *drive)
{
    return rng_below(&drive->rng, 2 * NEAR_STEP_MS) - NEAR_STEP_MS;
}

static uint64_t
far_step(struct drive *drive)
{
    uint64_t step = FAR_STEP_MS + rng_below(&drive->rng, (uint64_t)1 << rng_below(&drive->rng, 32));

    return rng_below(&drive->rng, 2) == 0 ? step : (uint64_t)-step;
}

bool
happen_clock(struct drive *drive)
{
    int64_t held = held_ms(drive);

    if (held < -CLOCK_FOLLOW_MS || held > CLOCK_FOLLOW_MS)
        virtual_system.wall_ms -= (uint64_t)held; /* it is set right again */
    else
        virtual_system.wall_ms +=
            rng_below(&drive->rng, 3) == 0 ? far_step(drive) : near_step(drive);
    drive_tick(drive);
    return drive_compare(drive);
}

/* ---- death and the source ---- */

bool
happen_restart(struct drive *drive)
{
    uint64_t away = rng_below(&drive->rng, 2) == 0 ? 0 : some_time(drive);
    struct wish wishes[DRIVE_KEYSETS];

    for (size_t i = 0; i < DRIVE_KEYSETS; i++) {
        wishes[i] = drive->keysets[i].wish;
        wishes[i].is_there = drive->keysets[i].is_running;
    }
    if (rng_below(&drive->rng, 2) == 0)
        some_wishes(drive, wishes);
    if (!drive_configure(drive, wishes))
        return false;
    drive_stop(drive);
    virtual_system.boot_ms += away;
    virtual_system.wall_ms += away;
    if (rng_below(&drive->rng, 3) == 0)
        virtual_system.wall_ms +=
            rng_below(&drive->rng, 2) == 0 ? far_step(drive) : near_step(drive);
    while (is_any_doubtful(drive, (int64_t)(virtual_system.wall_ms - virtual_system.boot_ms)))
        virtual_system.wall_ms += 7000;
    return drive_compare(drive) && drive_start(drive, wishes) && drive_compare(drive);
}

bool
happen_source(struct drive *drive)
{
    virtual_system.is_source_broken = !virtual_system.is_source_broken;
    drive_tick(drive);
    return drive_compare(drive);
}
