/* fleet.h - the hosts of one keyset as their statuses show them: who is there, who holds what, who
 * is to confirm, whose clock is odd. Pure.
 *
 * Statuses are read on demand, in *looks*: the caller asks its engines for all of them, and says
 * when such a look is over. Between looks nothing is learnt, so time alone makes nobody silent:
 *
 *   live    its status was new, or moved, in the three heartbeats before the last look
 *   late    it had not; but not for three heartbeats of looking either, so what carries statuses
 *           may have lost some, or nobody asked: it is waited for
 *   silent  it has not moved over looks of three heartbeats: it holds nobody up
 *
 * What carries statuses may be slower than that, as a folder that is copied each few minutes is.
 * Where a host stood still over looks the last two times before it moved, it may do so for twice
 * the shorter of these times, and up to twice FLEET_PACE_MAX_MS.
 *
 *   R-FLEET-1: a host whose statuses arrive is never silent, whatever its clock and ours say, and
 *              however long nobody looked, or what carries them takes, from the third that it
 *              brings on; one whose status moves no more is, three heartbeats after the first look
 *              that found it still, or as long as it may.
 *   R-FLEET-2: a key that a host which is not silent does not list is not held by all; and none is
 *              before the first look.
 *   R-FLEET-3: of hosts that saw the same statuses one confirms a key: its maker, or if that is
 *              silent or unknown the one of the lowest id that is not silent.
 *   R-FLEET-4: a clock is called different by no more than can be told: the time that the status
 *              may have lain there is on its side.
 *   R-FLEET-5: memory is bounded; where there is none, what was known stays.
 *   R-FLEET-6: to take in a status costs the same however many hosts there are, in whatever order
 *              they come. */
#ifndef SHARE_FLEET_H
#define SHARE_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/key.h"
#include "share/inbox.h"
#include "share/index.h"
#include "share/status.h"

#define FLEET_HOSTS_MAX INBOX_SENDERS_MAX
#define FLEET_ENGINES_MAX INBOX_ENGINES_MAX
#define FLEET_HEARTBEAT_MS ((uint64_t)30 * 1000)
#define FLEET_SILENT_MS (3 * FLEET_HEARTBEAT_MS)
#define FLEET_PACE_MAX_MS ((uint64_t)3600 * 1000)
#define FLEET_CLOCK_MS ((int64_t)60 * 1000) /* clocks that differ by more are odd */

enum fleet_state { FLEET_LIVE, FLEET_LATE, FLEET_SILENT };

/* Times are milliseconds since boot, as fleet_saw() was told them. */
struct fleet_host {
    uint8_t name[KEY_NAME_LEN]; /* its id and zeros: for items.h and index.h */
    uint64_t id;
    uint64_t sequence, beat, generation; /* of its last status, as what follows */
    uint8_t digest[STATUS_DIGEST_LEN];
    uint32_t held;                 /* keys that open there */
    uint32_t key_count;            /* of them named here: */
    uint8_t (*keys)[KEY_NAME_LEN]; /* sorted; one block with the next two */
    const char *host_name, *version;
    uint64_t first_ms;   /* when we first saw it */
    uint64_t moved_ms;   /* when its status was last a newer one */
    uint64_t changed_ms; /* when it last had another digest */
    uint64_t still_ms;   /* is_still: when the first look began that found it not moved */
    bool is_still;
    uint64_t stood_ms[2]; /* how long it stood still before it last moved, and the time before */
    bool has_clock;   /* false until it has moved once: a first status may have lain there long */
    int64_t clock_ms; /* how far its clock is ahead of ours, at least; below 0: behind, 0: equal
                          as far as can be told */
    uint32_t engines; /* a bit for each that has carried it */
    uint64_t seen_ms[FLEET_ENGINES_MAX]; /* when that was last */
};

struct fleet {
    uint64_t self;            /* our own id: in the table if the caller tells of it, always live */
    struct fleet_host *hosts; /* as they came */
    size_t count, cap;
    struct index index; /* of them */
    bool has_looked;
    uint64_t looked_ms; /* when the last look that is over began */
};

void fleet_init(struct fleet *fleet, uint64_t self);
void fleet_free(struct fleet *fleet);

/* A status that opened. `engine` is the number of the one that carried it; FLEET_ENGINES_MAX: none,
 * as it is ours. RECORD_OPENED; RECORD_KNOWN for one that is no newer than what is there;
 * RECORD_FULL or RECORD_FAILED, with all as it was. */
enum record_verdict fleet_saw(struct fleet *fleet, uint64_t sender, uint64_t sequence,
                              const struct status *status, uint64_t boot_ms, uint64_t unix_ms,
                              size_t engine);

/* An engine brought a status that is known: that it carries it, too, shows which engines work.
 * Nobody has vouched for it, so it counts for no more. */
void fleet_carried(struct fleet *fleet, uint64_t sender, uint64_t sequence, uint64_t boot_ms,
                   size_t engine);

/* A look that began then is over, and saw all that there is: an engine at least has listed all. (A
 * look that did not is none: fleet_saw() holds, and nobody is silent for it.) */
void fleet_looked(struct fleet *fleet, uint64_t begun_ms);

/* As of the last look. */
enum fleet_state fleet_state_of(const struct fleet *fleet, const struct fleet_host *host);

/* How many hosts are in this state. */
size_t fleet_count(const struct fleet *fleet, enum fleet_state state);

/* NULL if it is not known. Pointers hold until the next fleet_saw() or fleet_prune(). */
const struct fleet_host *fleet_find(const struct fleet *fleet, uint64_t id);

/* True if the host's status names the key. */
bool fleet_lists(const struct fleet_host *host, const uint8_t name[KEY_NAME_LEN]);

/* The next host but us, from *at on (0 at first), that is not silent and does not list the key;
 * NULL: no more. */
const struct fleet_host *fleet_lacking(const struct fleet *fleet, const uint8_t name[KEY_NAME_LEN],
                                       size_t *at);

/* True if there is none such, and we have looked. */
bool fleet_all_hold(const struct fleet *fleet, const uint8_t name[KEY_NAME_LEN]);

/* True if it is we who write the confirmation of a key of this maker. */
bool fleet_confirms(const struct fleet *fleet, uint64_t maker);

bool fleet_agrees(const struct fleet_host *host, const uint8_t digest[STATUS_DIGEST_LEN]);

/* How far the hosts that are not silent say our clock is behind: the median, we among them. Over
 * FLEET_CLOCK_MS either way, ours is the odd one; else a host is that is as far from this. False if
 * there is no memory. */
bool fleet_clock(const struct fleet *fleet, int64_t *out_ms);

/* Of the hosts but us that are not silent, and whose clocks are known, add how many there are to
 * *asked, and to *agree how many say that it is so much later than our clock does, give or take
 * `slack_ms`. */
void fleet_ask_clock(const struct fleet *fleet, int64_t ahead_ms, int64_t slack_ms, size_t *agree,
                     size_t *asked);

/* Our clock was set: how far others' are ahead of it is to be seen anew. */
void fleet_forget_clocks(struct fleet *fleet);

/* Forget silent hosts that have not moved for so long. */
void fleet_prune(struct fleet *fleet, uint64_t keep_ms, uint64_t boot_ms);

#endif
