/* check_inner.h - between check*.c. */
#ifndef TESTS_SIM_CHECK_INNER_H
#define TESTS_SIM_CHECK_INNER_H

#include "check.h"

#define SLACK_MS 3000U /* rings have whole seconds, as their conversions */
#define KEYS_MAX 4096U

/* A key that was seen at any host. Hosts are bits. */
struct seen_key {
    uint8_t name[KEY_NAME_LEN];
    uint64_t maker, seal_from, seal_until;
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
    uint64_t dry_ms[WORLD_HOSTS_MAX];               /* since when no key seals there; 0: one does */
    uint64_t revoked_ms[WORLD_HOSTS_MAX];           /* when it last learnt of a revocation */
    uint64_t lifetime_s[WORLD_HOSTS_MAX];           /* of its tickets, as it was last configured */
    uint64_t broken_ms[WORLD_HOSTS_MAX];            /* when its source last gave no good keys */
    uint8_t sealing[WORLD_HOSTS_MAX][KEY_NAME_LEN]; /* each host's, when it was last looked at */
    uint64_t had_nothing_ms[WORLD_HOSTS_MAX];       /* when it last had nothing else to seal with */
    uint64_t out;   /* hosts whose clock is out, or was when they last ran */
    uint64_t stale; /* hosts that were stale then */
    struct check_counts counts;
};

struct seen_key *check_find(const struct check *check, const uint8_t name[KEY_NAME_LEN]);

/* Learn what the daemon of this host knows of keys. */
bool check_learn(struct check *check, const struct host *host);

/* From now on it has to open at this one, for the sake of `to`. */
void check_owe(const struct check *check, struct seen_key *key, unsigned host, unsigned to);

/* The clocks as they are now. */
void check_clocks(struct check *check);

/* Forget keys that have been over for long. */
void check_drop_old(struct check *check);

/* `what` is wrong with this key at this host: false. */
bool check_fail(const struct check *check, const struct host *host, const struct seen_key *key,
                const char *what);

/* Records about this key came to both? With two engines it may have come to the one by an engine
 * that the other is cut off from, unless that is in reach of its maker; and its maker may still be
 * in the farm that was. */
bool check_is_in_reach(const struct check *check, const struct seen_key *key,
                       const struct host *host, const struct host *other);

/* This host had nothing to seal with, or nearly so, when it began to seal with this key? */
bool check_had_nothing(struct check *check, const struct host *host, const struct seen_key *key);

/* It has just learnt something: a key that it seals with from this moment on others know, too. */
bool check_late(struct check *check, const struct host *host);

/* Records went to and fro between them for long enough. */
bool check_is_linked(const struct host *a, const struct host *b);

#endif
