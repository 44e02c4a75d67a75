/* service.h - one keyset at work: makes keys in time, keeps them in the ring, carries out orders.
 *
 * Time is an argument. Each change is made to a copy of the keyset, which is taken over only once
 * the ring has it: so what fails changes nothing, and what we think is what servers see.
 *
 *   R-SERVICE-1: while service_tick() is called at service_next_ms(), some key may seal at every
 *                second, and no key opens past its time.
 *   R-SERVICE-2: a new service on an old ring takes over all its keys: no ticket is lost. Where the
 *                wall clock was set meanwhile, they keep the time that is left to them.
 *   R-SERVICE-3: when an order returns true, the ring has changed.
 *   R-SERVICE-4: what fails leaves keyset and ring as they were.
 *   R-SERVICE-6: in a farm a key is made after a random while, unless another host's comes before.
 *   R-SERVICE-5: of itself it makes at most one emergency key a minute; where the clock went back
 *                since, that one is still to come, and another may be made. */
#ifndef DAEMON_SERVICE_H
#define DAEMON_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "daemon/clock.h"
#include "daemon/counts.h"
#include "daemon/member.h"
#include "daemon/persist.h"
#include "io/log.h"
#include "keys/keyset.h"
#include "ring/writer.h"
#include "source/source.h"

#define SERVICE_LOOK_MS 60000U /* timers count no time that the machine sleeps: look again */

/* What a reload is about to do. */
struct service_change {
    struct persist *persist; /* instead of the present one */
    struct member *member;   /* the same, of the farm */
    bool is_persist_new, is_regrouped, is_share_new;
};

/* The making of the next epoch's key waits a while in a farm, so that usually one host makes it. */
struct service_turn {
    uint64_t of; /* the epoch, or the second that a gap begins; 0: none waits */
    uint64_t boot_ms;
};

/* Requests to join its farm that were answered; see farm_orders.h. */
#define FARM_ANSWERED_MAX 64U

struct farm_answered {
    struct {
        uint8_t key[32];
        uint64_t expires_s; /* 0: none */
    } requests[FARM_ANSWERED_MAX];
};

/* Read the fields freely; change them by the calls below only. */
struct service {
    struct config_keyset config;
    char *ring_path;  /* RUNDIR/NAME.r1 */
    char *count_path; /* RUNDIR/count/NAME */
    struct keyset set;
    struct ring_writer writer;
    const struct source_kind *source;
    const struct log *log;
    uint64_t maker;            /* this host's id; 0: no farm */
    struct member *member;     /* NULL: no farm */
    struct member_calls calls; /* for members to come */
    bool has_news;             /* something of ours to tell the farm, once it is in the ring */
    struct service_turn epoch_turn, gap_turn;
    uint8_t sealing[KEY_NAME_LEN]; /* the key that sealed last */
    bool has_sealed;               /* `sealing` is one */
    bool is_dry;                   /* no key may seal */
    bool is_ring_new;              /* the ring came with this service */
    uint64_t rotations, revocations;
    uint64_t errors;            /* how often last_error became another one */
    struct ring_time emergency; /* when the last one was made; zeros: never */
    struct err last_error;      /* "" while all is well */
    struct counts_past counts;
    const struct clock *clock; /* NULL: the wall clock is never held off */
    struct persist *persist;   /* NULL: keys do not outlive a boot */
    bool had_file;             /* there was one when the service began */
    struct err save_error;     /* "" while the file has what the ring has */
    struct err revoked_error;  /* "" while the farm's file has what is revoked */
    struct service_change change;
    struct farm_answered answered;
};

/* What the services share. */
struct service_env {
    const char *run_dir;
    const struct source_kind *source;
    const struct log *log;
    const struct clock *clock;
    struct member_calls calls; /* for keysets that are shared */
};

/* Open or make the ring, take up its keys, and see to it that one seals. NULL, with the reason in
 * `err`, where the ring cannot be had; a ring that was there is then left as it is. */
struct service *service_open(const struct config_keyset *config, const struct service_env *env,
                             struct ring_time now, struct err *err);

/* Let go of the ring; its keys live on. Sets NULL, takes NULL. */
void service_close(struct service **service);

/* Wipe all keys, and remove ring and counters: the keyset is no more. */
void service_retire(struct service **service, struct ring_time now);

/* Do what time asks for. What goes wrong is logged once, stands in last_error until it is mended,
 * and is tried again. */
void service_tick(struct service *service, struct ring_time now);

/* Milliseconds until the next tick. */
uint64_t service_next_ms(const struct service *service, struct ring_time now);

/* Another configuration: prepared, with all of it that can fail; then either carried out or
 * cancelled. False, with the reason in `err` and nothing changed: what the ring cannot follow while
 * it lives (capacity), or what cannot be had. */
bool service_prepare(struct service *service, const struct config_keyset *config, struct err *err);
void service_cancel(struct service *service);
void service_change(struct service *service, const struct config_keyset *config,
                    struct ring_time now);

/* Undo service_open(): what it made goes, what was there stays. */
void service_undo(struct service **service, struct ring_time now);

/* The clock was set by so much, and `now` is by it: keys keep the time that is left to them. A tick
 * must follow. */
void service_clock_set(struct service *service, int64_t step_s, struct ring_time now);

/* ---- orders ---- */

enum service_outcome {
    SERVICE_DONE,
    SERVICE_UNKNOWN, /* no key of that name */
    SERVICE_NOT_NOW, /* try again, as `err` says */
    SERVICE_FAILED
};

/* Make a key that takes over sealing at once, or in the first second, of the next few, in which no
 * other key does: it is told by its seal_from. `made` is wiped by the caller. */
enum service_outcome service_rotate(struct service *service, struct key *made, struct ring_time now,
                                    struct err *err);

struct revoke_name {
    uint8_t bytes[KEY_NAME_LEN];
};

struct revoke_order {
    bool all, only;
    const struct revoke_name *names; /* those to revoke unless `all` */
    size_t name_count;
};

/* What a revocation did; to be freed. */
struct revoke_result {
    struct revoke_name *names; /* keys that are revoked by it */
    size_t name_count;
    bool has_fresh; /* a key was made to seal instead */
    struct revoke_name fresh;
};
void revoke_result_free(struct revoke_result *result);

/* Withdraw keys, and make one that seals at once if none may seal after it. */
enum service_outcome service_revoke(struct service *service, struct revoke_result *result,
                                    const struct revoke_order *order, struct ring_time now,
                                    struct err *err);

/* ---- for the farm ---- */

/* Take over a changed copy of the keyset: what other hosts told; or what is confirmed by us. On
 * failure all is as it was. `set` is left with the old one. */
bool service_learn(struct service *service, struct keyset *set, struct ring_time now,
                   struct err *err);
bool service_confirm(struct service *service, struct keyset *set, struct ring_time now,
                     struct err *err);

/* The wall clock, also where it is held off. */
uint64_t service_wall_ms(const struct service *service, struct ring_time now);

/* ---- for the answers ---- */

uint64_t service_generation(const struct service *service);
uint32_t service_capacity(const struct service *service);

#endif
