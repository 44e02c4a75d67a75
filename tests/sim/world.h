/* world.h - hosts of a farm on one virtual time: each with a whole stekd, clocks of its own, a ring
 * in a folder on tmpfs, and a server that reads it with libstek. What carries records between them
 * is in network.h, what must always hold in check.h, what befalls them in happen.h.
 *
 * All follows from the seed. Nothing here asserts: `fault` says what is wrong. */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include <jansson.h>
#include <stek/stek.h>

#include "daemon/stekd.h"
#include "virtual.h"

#define WORLD_HOSTS_MAX 64U
#define WORLD_KEYSET "www"

/* Further out than this a clock is wrong, and nothing is asked for of what its host and others have
 * to do with each other: any two that are not are less than KEY_SKEW_MS apart. */
#define WORLD_CLOCK_MS 300000
#define WORLD_DOUBT_MS (2 * KEY_SKEW_MS) /* for so long some still count what it said while ahead */

struct network;
struct check;

/* What its source of keys gives. */
enum world_source {
    SOURCE_GOOD,
    SOURCE_FAILS,
    SOURCE_WEAK,   /* zeros */
    SOURCE_REPEATS /* what it gave last */
};

struct host {
    struct world *world;
    unsigned index;
    char folder[64];              /* stekd.conf, run/, state/ */
    struct stekd *stekd;          /* NULL: it is not running; the ring is there all the same */
    struct stek_ring *server;     /* reads the ring */
    struct virtual_system system; /* its clocks, while nothing runs in it: those of the last time */
    int64_t ahead_ms;             /* its wall clock's error */
    int64_t drift_ppm;
    uint64_t doubted_ms; /* until then others may refuse what it says: its clock was far ahead */
    uint64_t spoke_ms;   /* the latest time by its daemon's clock: see host_is_stale() */
    uint64_t booted_ms;  /* when its boot clock was zero */
    uint64_t runs_ms;    /* since when stekd runs, and does not stand still */
    uint64_t paused_ms;  /* when it stood still; 0: it runs */
    uint64_t resumes_ms; /* when it goes on */
    bool is_asleep;      /* as a machine is, so that timers do not count the time */
    bool is_signalled;   /* it reloads as soon as it goes on */
    bool is_dying;       /* what it says from now on does not leave it */
    enum world_source source;
    struct key_material given; /* by the source, when it was last good */
    unsigned dies_in;          /* that many puts are done, then it is killed; 0: it lives */
    uint64_t linked_ms[WORLD_HOSTS_MAX]; /* since when records can go both ways; 0: they cannot */
};

/* What the configuration of all hosts says. */
struct wish {
    uint64_t rotate_s, lifetime_s, patience_s; /* patience gets no less than it was at first */
    bool is_each;
    bool has_store, has_peers; /* engines; network.h */
    bool is_group;             /* peers by multicast, else by a list */
};

struct world_counts {
    uint64_t events, checks, looks; /* looks: at one key, in one ring */
    uint64_t faults, orders;
    uint64_t longest_ms; /* that it took all to agree, once nothing was broken any more */
};

struct world {
    char folder[40];
    uint64_t now_ms; /* true Unix time */
    uint64_t began_ms;
    uint64_t rng;
    struct wish wish;
    uint64_t apart_ms; /* clocks that are not wrong are no further out */
    struct host hosts[WORLD_HOSTS_MAX];
    unsigned count, count_max;  /* that may join */
    const struct host *rekeyed; /* whose farm secret is the newest; NULL: the first one is */
    struct network *network;
    struct check *check;
    uint64_t check_ms, check_every_ms; /* the next look at all */
    struct log log;
    struct world_counts counts;
    char fault[512];
};

bool world_open(struct world *world, uint64_t seed, const struct wish *wish);
void world_close(struct world *world);

/* False, with the fault told. */
bool world_fail(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Let time pass, with all that happens in it. */
bool world_pass(struct world *world, uint64_t ms);

/* ---- hosts ---- */

/* What runs in a host runs between these two: it sees the clocks and randomness of that host. */
void world_enter(struct host *host);
void world_leave(struct host *host);

/* Who runs now; NULL outside. */
struct host *world_inside(void);

/* A further host, which does not run yet; NULL if there are too many. */
struct host *world_add(struct world *world);

/* Write what the world wishes into its configuration. */
bool host_configure(const struct host *host);

/* Start stekd. */
bool host_start(struct host *host);

/* stekd reads its configuration and its farm secret again, if it runs. */
void host_reload(struct host *host);

/* Stop stekd as SIGKILL does: nothing that it has in memory is used again, nothing more is sent. */
void host_kill(struct host *host);

/* The same for the machine, whose memory and rings go; it comes back with stekd not running. */
void host_reboot(struct host *host);

/* It stands still: the machine sleeps, or only stekd does. */
void host_pause(struct host *host, uint64_t ms, bool is_asleep);

bool host_runs(const struct host *host); /* and does not stand still */

/* The service of its keyset; NULL where it does not run. */
struct service *host_service(const struct host *host);

/* By how much its daemon's clock is ahead. */
int64_t host_error_ms(const struct host *host);

/* It runs, and has another idea of the time than WORLD_CLOCK_MS allows, or is still doubted. */
bool host_is_out(const struct host *host);

/* It speaks, at this time by its clock. */
void host_note_time(struct host *host);

/* It was started anew after its clock was set back: who heard its datagrams before takes them for
 * repetitions until they are of later times than those. */
bool host_is_stale(const struct host *host);

/* All randomness fails, or comes back. */
void host_break_randomness(struct host *host, bool is_broken);

uint64_t host_boot_s(const struct host *host);

/* One request of root's; its status, and the answer, to be released. */
int host_ask(struct host *host, json_t **root, const char *method, const char *path,
             const char *query, const char *body);

#endif
