/* drive.h - a whole stekd in this process on virtual time, a server that reads each of its rings,
 * and beside them the model of each keyset. Nothing here asserts: `fault` says what is wrong. */
#ifndef TESTS_MODEL_DRIVE_H
#define TESTS_MODEL_DRIVE_H

#include <jansson.h>
#include <stek/stek.h>

#include "daemon/stekd.h"
#include "model.h"
#include "virtual.h"

#define DRIVE_KEYSETS 4

/* What the configuration asks of a keyset. */
struct wish {
    bool is_there;
    uint64_t rotate, lifetime, patience; /* seconds */
    bool each;
    uint32_t capacity;
};

struct drive_keyset {
    const char *name;
    struct wish wish; /* in force, as long as it is running */
    bool is_running;  /* stekd keeps it */
    bool is_on_disk;  /* its ring is there */
    bool is_adopted;  /* just now: it may have keys that the model does not know */
    bool may_make;    /* an order that makes an emergency key, and is not held to one a minute */
    struct model model;
    struct stek_ring *ring; /* of a server */
};

struct drive {
    char folder[32], config[64], run[64];
    struct stekd *stekd;
    struct log log;
    struct drive_keyset keysets[DRIVE_KEYSETS];
    uint64_t rng;
    uint64_t looks; /* at rings, that compared something */
    char fault[512];
};

bool drive_open(struct drive *drive, uint64_t seed);
void drive_close(struct drive *drive);

/* False, with the fault told. */
bool drive_fail(struct drive *drive, const char *format, ...) __attribute__((format(printf, 2, 3)));

int64_t drive_now(void);

/* Write a configuration: that of the wishes, in the order of their names. */
bool drive_configure(struct drive *drive, const struct wish wishes[DRIVE_KEYSETS]);
bool drive_write(struct drive *drive, const char *text);

/* Start stekd with the configuration that `wishes` are; stop it, as if it were killed: nothing that
 * it has in memory is used again. */
bool drive_start(struct drive *drive, const struct wish wishes[DRIVE_KEYSETS]);
void drive_stop(struct drive *drive);

/* Reload what was written; if it is to succeed, `wishes` are what is in it. */
bool drive_reload(struct drive *drive, const struct wish wishes[DRIVE_KEYSETS], bool is_good);

/* Let time pass as stekd's loop does. */
bool drive_pass(struct drive *drive, uint64_t ms);

/* Look at the clock, and after all keysets, now. */
void drive_tick(struct drive *drive);

/* One request, as user `uid`; its status, and the answer, to be released. */
int drive_ask(struct drive *drive, json_t **root, uid_t uid, const char *method, const char *path,
              const char *body);

/* The service of a keyset that is running. */
struct service *drive_service(const struct drive *drive, const struct drive_keyset *keyset);

/* Compare daemon, rings and models; learn new keys. */
bool drive_compare(struct drive *drive);

#endif
