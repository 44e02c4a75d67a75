/* see drive.h: the daemon, its configuration, and time */
#include "drive.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "keys_support.h"

bool
drive_fail(struct drive *drive, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(drive->fault, sizeof drive->fault, format, args);
    va_end(args);
    return false;
}

int64_t
drive_now(void)
{
    return (int64_t)virtual_system.boot_ms;
}

static void
drop_line(void *arg, bool is_warning, const char *line)
{
    (void)arg;
    if (getenv("STEK_TRACE") != NULL)
        printf("# %s%s\n", is_warning ? "! " : "", line);
}

bool
drive_open(struct drive *drive, uint64_t seed)
{
    static const char *const names[DRIVE_KEYSETS] = {"a", "b", "c", "d"};

    *drive = (struct drive){.folder = "/tmp/stek-model-XXXXXX", .log = {.sink = drop_line}};
    if (mkdtemp(drive->folder) == NULL)
        return drive_fail(drive, "no folder");
    (void)snprintf(drive->config, sizeof drive->config, "%s/stekd.conf", drive->folder);
    (void)snprintf(drive->run, sizeof drive->run, "%s/run", drive->folder);
    drive->rng = seed;
    for (size_t i = 0; i < DRIVE_KEYSETS; i++) {
        drive->keysets[i].name = names[i];
        drive->keysets[i].model.emergency = -1;
    }
    virtual_system = (struct virtual_system){.rng = seed ^ 0x5bd1e995};
    virtual_system.boot_ms = 1000000 + rng_below(&drive->rng, 100000000);
    virtual_system.wall_ms = NOW_MS + rng_below(&drive->rng, 1000000);
    return true;
}

void
drive_close(struct drive *drive)
{
    char command[64];

    stekd_stop(&drive->stekd);
    for (size_t i = 0; i < DRIVE_KEYSETS; i++)
        stek_ring_close(&drive->keysets[i].ring);
    (void)snprintf(command, sizeof command, "rm -rf %.31s", drive->folder);
    (void)!system(command);
}

/* ---- configuration ---- */

bool
drive_write(struct drive *drive, const char *text)
{
    FILE *file = fopen(drive->config, "w");
    bool ok = file != NULL && fputs(text, file) >= 0;

    ok = file != NULL && fclose(file) == 0 && ok;
    return ok || drive_fail(drive, "the configuration cannot be written");
}

bool
drive_configure(struct drive *drive, const struct wish wishes[DRIVE_KEYSETS])
{
    char text[2048] = "";
    size_t len = 0;

    for (size_t i = 0; i < DRIVE_KEYSETS; i++) {
        const struct wish *wish = &wishes[i];

        if (!wish->is_there)
            continue;
        len += (size_t)snprintf(
            text + len, sizeof text - len,
            "keyset %s { rotate = %llu lifetime = %llu patience = %llu keys = %s capacity = %u\n"
            "    max_session = 7d }\n",
            drive->keysets[i].name, (unsigned long long)wish->rotate,
            (unsigned long long)wish->lifetime, (unsigned long long)wish->patience,
            wish->each ? "each" : "one", wish->capacity);
    }
    return drive_write(drive, text);
}

/* ---- life ---- */

static int64_t
wall_offset(void)
{
    return (int64_t)(virtual_system.wall_ms - virtual_system.boot_ms);
}

/* stekd takes up a keyset, or makes it. */
static void
begin(struct drive_keyset *keyset, const struct wish *wish, int64_t offset)
{
    int64_t step = offset - keyset->model.offset;

    keyset->model.emergency = -1;
    keyset->is_adopted = keyset->is_on_disk;
    if (!keyset->is_on_disk || step < -CLOCK_FOLLOW_MS || step > CLOCK_FOLLOW_MS)
        model_step(&keyset->model, offset);
    else
        model_follow(&keyset->model, offset);
    keyset->is_running = keyset->is_on_disk = true;
    keyset->wish = *wish;
    keyset->model.each = wish->each;
}

/* Each keyset that a configuration in force names is running, and its keys are under it. */
static void
take_wishes(struct drive *drive, const struct wish wishes[DRIVE_KEYSETS], int64_t offset)
{
    for (size_t i = 0; i < DRIVE_KEYSETS; i++) {
        struct drive_keyset *keyset = &drive->keysets[i];

        if (!wishes[i].is_there)
            continue;
        if (!keyset->is_running)
            begin(keyset, &wishes[i], offset);
        if (keyset->wish.each != wishes[i].each)
            keyset->model.emergency = -1; /* none of the keys that are there may count */
        keyset->wish = wishes[i];
        keyset->model.each = wishes[i].each;
    }
}

bool
drive_start(struct drive *drive, const struct wish wishes[DRIVE_KEYSETS])
{
    const struct stekd_options options = {.config_path = drive->config, .run_dir = drive->run};
    struct config config = {0};
    struct err err = {""};

    if (config_load(&config, drive->config, false, &err))
        drive->stekd = stekd_start(&options, &config, &drive->log, &err);
    config_free(&config);
    if (drive->stekd == NULL)
        return drive_fail(drive, "stekd does not start: %s", err.text);
    take_wishes(drive, wishes, wall_offset());
    return true;
}

void
drive_stop(struct drive *drive)
{
    stekd_stop(&drive->stekd);
    for (size_t i = 0; i < DRIVE_KEYSETS; i++)
        drive->keysets[i].is_running = false;
}

static void
destroy(struct drive_keyset *keyset)
{
    for (size_t i = 0; i < keyset->model.count; i++)
        keyset->model.keys[i].is_gone = true;
    keyset->is_running = keyset->is_on_disk = false;
}

bool
drive_reload(struct drive *drive, const struct wish wishes[DRIVE_KEYSETS], bool is_good)
{
    struct err err = {""};
    bool done = stekd_reload(drive->stekd, &err);

    if (done != is_good)
        return drive_fail(drive, done ? "a reload that cannot be was done" : "reload: %s",
                          err.text);
    if (!done)
        return err.text[0] != '\0' || drive_fail(drive, "a reload failed without a word");
    for (size_t i = 0; i < DRIVE_KEYSETS; i++) {
        if (drive->keysets[i].is_running && !wishes[i].is_there)
            destroy(&drive->keysets[i]);
    }
    take_wishes(drive, wishes, drive->stekd->clock.offset_ms);
    return true;
}

/* ---- time ---- */

/* Beside the daemon: the wall clock is followed unless it is too far away. */
static void
look_at_clock(struct drive *drive)
{
    for (size_t i = 0; i < DRIVE_KEYSETS; i++) {
        struct drive_keyset *keyset = &drive->keysets[i];
        int64_t ahead = wall_offset() - keyset->model.offset;

        if (keyset->is_running && ahead >= -CLOCK_FOLLOW_MS && ahead <= CLOCK_FOLLOW_MS)
            model_follow(&keyset->model, wall_offset());
    }
}

void
drive_tick(struct drive *drive)
{
    look_at_clock(drive);
    for (size_t i = 0; i < drive->stekd->count; i++)
        stekd_tick(drive->stekd, drive->stekd->services[i]);
}

static uint64_t
until_due(const struct drive *drive)
{
    uint64_t next = UINT64_MAX, now = virtual_system.boot_ms;

    for (size_t i = 0; i < drive->stekd->count; i++) {
        uint64_t due = drive->stekd->due_boot_ms[i];

        if (due <= now)
            return 0;
        if (due - now < next)
            next = due - now;
    }
    return next;
}

bool
drive_pass(struct drive *drive, uint64_t ms)
{
    for (;;) {
        uint64_t next = until_due(drive), step = next < ms ? next : ms;

        virtual_system.boot_ms += step;
        virtual_system.wall_ms += step;
        ms -= step;
        look_at_clock(drive);
        if (step < next)
            return drive_compare(drive);
        for (size_t i = 0; i < drive->stekd->count; i++) {
            if (drive->stekd->due_boot_ms[i] <= virtual_system.boot_ms)
                stekd_tick(drive->stekd, drive->stekd->services[i]);
        }
        if (!drive_compare(drive))
            return false;
    }
}

/* ---- orders ---- */

int
drive_ask(struct drive *drive, json_t **root, uid_t uid, const char *method, const char *path,
          const char *body)
{
    return ask_stekd(drive->stekd, root, uid, method, path, "", body);
}

struct service *
drive_service(const struct drive *drive, const struct drive_keyset *keyset)
{
    for (size_t i = 0; i < drive->stekd->count; i++) {
        if (strcmp(drive->stekd->services[i]->config.name, keyset->name) == 0)
            return drive->stekd->services[i];
    }
    return NULL;
}
