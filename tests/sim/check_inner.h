/* check_inner.h - between check*.c. */
#ifndef TESTS_SIM_CHECK_INNER_H
#define TESTS_SIM_CHECK_INNER_H

#include "check.h"

#define SLACK_MS 3000U /* rings have whole seconds, as their conversions */
#define KEYS_MAX 4096U

/* A key that was seen at any host. Hosts are bits. */
struct seen_key {
    uint8_t name[KEY_NAME_LEN];
    uint64_t maker, seal_from;
    bool is_emergency;
    uint64_t first_ms; /* when it was seen first */
    uint64_t told_ms;  /* when another than its maker was first seen to know it; 0: none was */
    uint64_t over_ms;  /* when it ends to open, in true time, by its maker's clock */
    int64_t least_ms, most_ms;        /* errors of the daemons' clocks since */
    uint64_t spread_ms;               /* how far these are apart */
    uint64_t sealed_ms;               /* when it was last seen to seal anywhere; 0: never */
    uint64_t tickets_ms;              /* when the last ticket under it ends */
    uint64_t confirmed_ms;            /* when it was first known to be; 0: never */
    uint64_t revoked_ms;              /* likewise */
    uint64_t had_ms[WORLD_HOSTS_MAX]; /* when each host was first seen to know it; 0: never */
    /* Its maker lost its memory when nobody was in reach that held its last record, which can be in
     * a mesh: who has the key keeps it, but nobody can tell others of it. */
    bool is_orphan;
    bool is_odd;    /* made by a clock that was out: some may take it, and some not */
    uint64_t out;   /* hosts whose clock was out since it was seen */
    uint64_t knows; /* hosts that know that it is revoked */
    uint64_t knows_ms[WORLD_HOSTS_MAX];
    uint64_t owes;                     /* hosts at which it has to open ... */
    uint64_t owes_ms[WORLD_HOSTS_MAX]; /* ... since when ... */
    unsigned owes_to[WORLD_HOSTS_MAX]; /* ... and who sealed with it, or knew it confirmed, then */
};

struct check {
    struct world *world;
    struct seen_key *keys; /* KEYS_MAX */
    size_t count;
    uint64_t generations[WORLD_HOSTS_MAX];
    int64_t error_ms[WORLD_HOSTS_MAX]; /* of the daemon's clock, when it last ran */
    bool has_error[WORLD_HOSTS_MAX];
    uint64_t dry_ms[WORLD_HOSTS_MAX];     /* since when no key seals there; 0: one does */
    uint64_t revoked_ms[WORLD_HOSTS_MAX]; /* when it last learnt of a revocation */
    uint64_t lifetime_s[WORLD_HOSTS_MAX]; /* of its tickets, as it was last configured */
    uint64_t broken_ms[WORLD_HOSTS_MAX];  /* when its source last gave no good keys */
    uint64_t out;                         /* hosts whose clock is out, or was when they last ran */
    struct check_counts counts;
};

struct seen_key *check_find(const struct check *check, const uint8_t name[KEY_NAME_LEN]);

/* Learn what the daemon of this host knows of keys. */
bool check_learn(struct check *check, const struct host *host);

/* See which keys have lost their makers. */
void check_orphans(struct check *check);

/* From now on it has to open at this one, for the sake of `to`. */
void check_owe(const struct check *check, struct seen_key *key, unsigned host, unsigned to);

/* The clocks as they are now. */
void check_clocks(struct check *check);

/* Forget keys that have been over for long. */
void check_drop_old(struct check *check);

/* Records went to and fro between them for long enough. */
bool check_is_linked(const struct host *a, const struct host *b);

#endif
