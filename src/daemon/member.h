/* member.h - a keyset's membership in a farm, at this host: what comes in from its engines goes to
 * the service, what the service has to say goes out, and keys that all live hosts hold are
 * confirmed. docs/farm-protocol.md has the protocol, DESIGN the rules.
 *
 *   R-MEMBER-1: what a host makes, confirms or revokes is put to every engine in the same turn,
 *               once what that engine held of ours was read: a host that lost its memory would
 *               replace it. What it only learns causes no write, but what too few carry: a
 *               revocation, or a key of R-MEMBER-7.
 *   R-MEMBER-2: what comes in is in the ring after one turn of the loop, however many records it
 *               came in; one that could not be used in full is asked for again.
 *   R-MEMBER-3: a key is confirmed only when every host that is not silent holds it.
 *   R-MEMBER-4: a starting host makes no emergency key before it has heard the engines, 5 s at
 *               most.
 *   R-MEMBER-5: no engine, farm secret or record that is missing or bad stops the service.
 *   R-MEMBER-6: the farm's secret moves forward each day, on disk too.
 *   R-MEMBER-7: a key that its maker does not say any more, as it lost its memory or is gone with
 *               its record, is carried by others, so that who joins later opens its tickets; one
 *               that is over or revoked never is. */
#ifndef DAEMON_MEMBER_H
#define DAEMON_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "daemon/farm_file.h"
#include "daemon/revoked_file.h"
#include "io/log.h"
#include "io/loop.h"
#include "ring/writer.h"
#include "share/engine.h"
#include "share/farm.h"
#include "share/fleet.h"
#include "share/inbox.h"

#define MEMBER_ENGINES_MAX FLEET_ENGINES_MAX
#define MEMBER_LISTING_MS 5000U

struct service;

/* What a member needs of stekd. */
struct member_calls {
    struct loop *loop;
    struct ring_time (*now)(void *arg);
    void (*changed)(void *arg, struct service *service); /* keys came: time may ask for more */
    void *arg;
};

/* The newest keys record of a host. */
struct member_carrier {
    uint8_t name[KEY_NAME_LEN]; /* the host's id and zeros: for items.h and index.h */
    uint64_t sequence;
    uint64_t withdrawn;  /* which revocations it carries: merge_withdrawn() */
    uint32_t held, told; /* bits: engines that hold it; that told it since a list was asked for */
    bool has_words;      /* of its keys, below */
};

/* That it has a key in it. */
struct member_word {
    uint8_t name[KEY_NAME_LEN]; /* half of the key's, then the host's id */
};

#define MEMBER_WORDS_MAX (4 * KEYSET_KEYS_MAX)

#define MEMBER_TOLD_MAX 8U

/* One of its engines. */
struct member_engine {
    struct member *member;
    struct engine *engine; /* NULL: there is no farm yet, or it did not start */
    struct err trouble;    /* why not */
    size_t index;
    bool is_well, is_told;          /* as it was last logged, if it was */
    uint64_t told[MEMBER_TOLD_MAX]; /* hashes of what was logged since it was well */
    size_t told_count;
    bool has_listed;    /* its keys, since the start */
    bool is_heard;      /* likewise, all that it could tell ... */
    bool is_read;       /* ... and that was taken in: what we put replaces nothing unread */
    bool is_asked;      /* for statuses, in the look that is under way */
    bool is_keys_asked; /* likewise for keys; and that was answered by a whole list, ... */
    bool is_all_told;   /* ... which was not looked at yet */
};

/* A keys record that opened, and waits to be taken in. */
struct member_letter {
    struct record_head head;
    size_t engine; /* that brought it */
    struct secret_buf content;
};

#define MEMBER_LETTERS_MAX 256U

/* When something is due, by the boot clock; UINT64_MAX: never. */
struct member_due {
    uint64_t listing; /* no longer is waited for the first lists */
    uint64_t keys;    /* our keys record goes out again */
    uint64_t status;
    uint64_t look;  /* statuses are read */
    uint64_t again; /* keys are listed again, for what could not be used */
    uint64_t day;   /* the farm's secret moves */
    uint64_t start; /* of engines that did not */
    uint64_t join;  /* a request to join is over */
};

/* A reading of all statuses. */
struct member_look {
    bool is_on, is_whole;
    bool is_asked; /* the next one is to be, whether a key waits for it or not */
    uint64_t begun_ms;
    uint64_t wait_ms; /* until the next one */
};

/* Read the fields freely; change them by the calls below only. */
struct member {
    struct config_shares shares; /* a copy */
    char farm_option[CONFIG_PLACE_MAX + 1];
    char keyset[CONTROL_KEYSET_MAX + 1];
    struct farm_paths paths;
    struct revoked_file revoked;
    struct member_calls calls;
    const struct log *log;
    struct service *service;
    struct loop_timer *timer;
    uint64_t host; /* our own id */
    struct farm farm;
    bool has_farm;
    bool is_farm_unsaved;    /* its file still holds a secret that is over */
    uint64_t peer_day;       /* the newest that others had shown when it last moved */
    struct err farm_trouble; /* "" while its secret is there, good, and could be saved */
    struct datagram_end end; /* of what engines say to each other */
    struct inbox inbox;
    struct fleet fleet;
    struct member_engine engines[MEMBER_ENGINES_MAX];
    size_t engine_count;
    struct member_letter letters[MEMBER_LETTERS_MAX];
    size_t letter_count;
    struct member_due due;
    struct member_look look;
    struct member_carrier *carriers; /* whose records are there, ours too */
    size_t carrier_count, carrier_cap;
    struct index carrier_index;
    struct member_word *words; /* what is in them */
    size_t word_count, word_cap;
    size_t carried_count;     /* keys of others in our last record */
    uint64_t keys_within;     /* the while of which due.keys was chosen */
    uint64_t said_ms;         /* the sequence of our last keys record; 0: none in this farm yet */
    uint64_t status_boot_ms;  /* when our last status went out; 0: never */
    uint64_t foreign_boot_ms; /* when a newer one of our name was heard; 0: never */
    uint64_t generation;      /* of the ring, when it was last compared with what that told */
    uint8_t held[STATUS_DIGEST_LEN]; /* which keys it told of */
    uint64_t records_said, statuses_said;
    bool is_listing;                         /* at the start */
    bool is_unsaid;                          /* our keys record could not go out */
    uint64_t fleet_beat;                     /* of our last status */
    struct err keys_trouble, status_trouble; /* "" while that record of ours goes out */
    struct err host_trouble;                 /* "" while nobody else has our id */
    struct err left_out;                     /* what was last told of others' keys */
};

/* Read the host's files; nothing is shared yet. NULL, with the reason in `err`, where there is no
 * memory. Where the farm's file is bad, farm_trouble says so, and there is no farm until a reload
 * finds a good one. */
struct member *member_open(const struct config_keyset *config, const struct member_calls *calls,
                           const struct log *log, struct err *err);

/* Begin to share the service's keys. What cannot be had is tried again. */
void member_start(struct member *member, struct service *service, struct ring_time now);

/* Stops sharing; sets NULL, takes NULL. */
void member_close(struct member **member);

/* The file of the farm has changed, or may have: where it is another farm's, begin there anew.
 * False, with the reason in `err`, and all as it was, where it cannot be read. */
bool member_reload(struct member *member, struct ring_time now, struct err *err);

/* A request to join waits in its file: its key is destroyed when its hour is over. */
void member_asked(struct member *member, struct ring_time now);

/* The service's keyset has changed, in the ring too; with `has_news` by ourselves. */
void member_tell(struct member *member, bool has_news, struct ring_time now);

/* True while it is too early to say that nobody has a key. Takes NULL. */
bool member_is_listing(const struct member *member);

/* True where our own word is enough to confirm: there is no farm. Takes NULL. */
bool member_is_alone(const struct member *member);

/* Read all statuses, unless the last reading began less than so long ago. Takes NULL. */
void member_refresh(struct member *member, uint64_t max_age_ms, struct ring_time now);

/* Our clock was set: what was refused by it before, or was over, may be taken now. Takes NULL. */
void member_clock_set(struct member *member, struct ring_time now);

/* A number below `limit`, at random, to spread what many hosts do; 0 if there is no randomness. */
uint64_t member_random(uint64_t limit);

/* The folders that it writes in, besides stekd's own: their number, up to MEMBER_FOLDERS_MAX. Takes
 * NULL. */
#define MEMBER_FOLDERS_MAX (1U + MEMBER_ENGINES_MAX)
size_t member_folders(const struct member *member, const char *out[MEMBER_FOLDERS_MAX]);

/* What keeps the farm from working, which is in the log already; "" if nothing. Takes NULL. */
void member_trouble(const struct member *member, struct err *err);

#endif
