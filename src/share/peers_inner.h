/* peers_inner.h - what the files of the peers engine share; see peers.c. */
#ifndef SHARE_PEERS_INNER_H
#define SHARE_PEERS_INNER_H

#include "io/udp.h"
#include "share/engine.h"
#include "share/inbox.h"
#include "share/twin.h"

#define PEERS_PORT 7984U /* nobody's at IANA */
#define PEERS_PEERS_MAX 1024U
#define PEERS_SENDERS_MAX INBOX_SENDERS_MAX /* of a kind; nobody takes more */
#define PEERS_BYTES_MAX ((size_t)32 << 20)  /* of a kind */
#define PEERS_PART_LEN 1024U
#define PEERS_PILES 16U
#define PEERS_PILES_BYTES_MAX ((size_t)4 << 20)
#define PEERS_JOBS 128U
#define PEERS_KINDS (RECORD_STATUS + 1U)

/* ---- peers_wire.c: what is in a datagram's body
 *
 *   a part of a record               a summary of the key records that are held
 *    0 1 type = 1, of a status 3      0 1 type = 2
 *    1 1 kind                         1 1 flags: 1 statuses are asked for
 *    2 8 sender                       2 8 digest of all
 *   10 8 sequence                    10 8 first } the senders that it speaks of, both included
 *   18 4 length of the record        18 8 last  }
 *   22 4 where the part begins       26   for each record of these, in order:
 *   26   PEERS_PART_LEN bytes of it,      8 sender, 8 sequence
 *        or what is left             ---- */

struct peers_part {
    enum record_kind kind;
    uint64_t sender, sequence;
    uint32_t total, at;
    const uint8_t *bytes; /* points into the body */
    size_t len;
};

struct peers_pair {
    uint64_t sender, sequence;
};

#define PEERS_PAIRS_MAX 64U

struct peers_summary {
    bool wants_statuses;
    uint64_t digest, first, last;
    size_t count;
    struct peers_pair pairs[PEERS_PAIRS_MAX];
};

/* PEERS_STATUS is a part, too; a datagram shows that it is one, for whoever needs none. */
enum peers_type { PEERS_NOTHING, PEERS_PART, PEERS_SUMMARY, PEERS_STATUS };

/* How long the body is, of DATAGRAM_BODY_MAX. */
size_t peers_part_write(uint8_t *body, const struct peers_part *part);
size_t peers_summary_write(uint8_t *body, const struct peers_summary *summary);

/* What is not well-formed is PEERS_NOTHING. */
enum peers_type peers_read(struct peers_part *part, struct peers_summary *summary,
                           const uint8_t *body, size_t len);

/* ---- peers_store.c: the newest record of each sender, of one kind ---- */

struct peers_record {
    uint64_t sender, sequence;
    uint8_t *bytes;
    size_t len;
    bool is_put;      /* ours, by put() */
    uint64_t came_ms; /* these bytes, or a status with them once more */
    unsigned asked;   /* how often all were asked for statuses since then, and it did not answer */
    uint64_t seen_ms; /* when it last went to the group or was heard there; 0: never */
    uint64_t due_ms;  /* when it is to go to the group; 0: it is not */
};

struct peers_store {
    struct peers_record *items; /* sorted by sender */
    size_t count, cap, bytes;
    uint64_t digest; /* the same for the same senders and sequences */
    size_t due;      /* how many are to go to the group, ... */
    uint64_t due_ms; /* ... and not before when */
};

enum peers_taken { PEERS_TAKEN, PEERS_KNOWN, PEERS_OLDER, PEERS_FULL };

/* The place of the first from this sender on. */
size_t peers_store_place(const struct peers_store *store, uint64_t sender);

/* NULL: there is none. */
struct peers_record *peers_store_find(const struct peers_store *store, uint64_t sender);

/* Copies the record, if it is newer; `is_put`: in any case but where another's is newer. */
enum peers_taken peers_store_take(struct peers_store *store, const struct peers_pair *pair,
                                  const uint8_t *bytes, size_t len, bool is_put, uint64_t now_ms);

/* Removes those of sequences before, but what was put. */
void peers_store_drop(struct peers_store *store, uint64_t from_ms);
void peers_store_due(struct peers_store *store, struct peers_record *record, uint64_t due_ms);
void peers_store_free(struct peers_store *store);

/* ---- peers_pile.c: records of which parts are missing ---- */

struct peers_pile {
    enum record_kind kind;
    uint64_t sender, sequence;
    uint8_t *bytes; /* NULL: not in use */
    size_t len, missing;
    uint64_t touched_ms;
    uint8_t has[RECORD_MAX / PEERS_PART_LEN / 8];
};

struct peers_piles {
    struct peers_pile *items; /* PEERS_PILES; made when first needed */
    size_t bytes;
};

/* Add a part. A whole record is told by its bytes, which last until the next call; else NULL. */
const uint8_t *peers_pile_add(struct peers_piles *piles, const struct peers_part *part,
                              uint64_t now_ms);
void peers_pile_free(struct peers_piles *piles);

/* ---- the engine ---- */

/* What is wrong, the worst first. (Who has heard nobody since the start is not well either: what
 * others hold of ours is not known, and should not be replaced.) */
enum peers_trouble {
    PEERS_SOCKET, /* there is none */
    PEERS_SEAL,   /* nothing can be sealed */
    PEERS_SEND,   /* the network refuses */
    PEERS_TWIN,   /* somebody else has our id */
    PEERS_CLOCK,  /* a member's clock, or ours, is wrong */
    PEERS_CROWD,  /* too much */
    PEERS_TROUBLES
};

/* How many parts may be sent for somebody's questions. */
struct peers_budget {
    int64_t left; /* below 0: too much was taken, as one record may be long */
    uint64_t at_ms;
};

/* A member who was heard. */
struct peers_host {
    uint64_t id;
    struct datagram_window window; /* of its summaries */
    struct peers_budget budget;
};

/* A record on its way, part by part. */
struct peers_job {
    bool is_to_all;    /* the group and all peers; else: */
    struct address to; /* .len 0: the group alone */
    enum record_kind kind;
    struct peers_pair pair;
    size_t at;   /* the next part */
    size_t next; /* of all, whom it goes to next: 0 is the group */
};

struct peers {
    struct engine engine; /* the first */
    struct loop *loop;
    struct engine_events events;
    struct engine_seal seal;
    uint64_t host, rng, begun_ms;
    char keyset[RECORD_KEYSET_MAX + 1];
    char *interface;       /* NULL: as routes say */
    struct address *peers; /* of the list */
    size_t peer_count;
    struct address group;     /* .len 0: none */
    struct address listen[2]; /* IPv4, IPv6; .len 0: not needed */
    struct udp *udp[2], *udp_group;
    uint64_t look_ms; /* when to see whether all is open */
    struct loop_timer *turn;

    struct peers_store stores[PEERS_KINDS];
    struct peers_piles piles;
    struct peers_host *hosts; /* sorted by id */
    size_t host_count, host_cap;
    uint64_t heard_ms;          /* when the last member was; 0: never */
    uint64_t same_ms, apart_ms; /* when one last had the same as we, and something else */
    uint64_t from_ms;           /* sequences before are of no use to anybody */

    struct {
        uint64_t begun_ms, len_ms, at_ms;
        uint64_t anew_ms;     /* not before then does it begin anew, ... */
        uint64_t quiet_ms;    /* ... or say what we have */
        unsigned heard;       /* in this interval: summaries that are as ours, ... */
        unsigned all, before; /* ... of all kinds; and in the one before */
        bool is_said;
    } trickle;
    uint64_t calm_ms, calm_until_ms; /* what leads to nothing is asked less and less often */
    uint64_t rotation;               /* the sender from which on the next summary speaks */

    struct peers_job jobs[PEERS_JOBS];
    size_t job_count;
    uint64_t send_ms;             /* when to go on with them */
    uint8_t sealed[DATAGRAM_MAX]; /* the part of the first job that is on its way */
    size_t sealed_len;            /* 0: not sealed yet */
    struct peers_budget budget;   /* for all members together */

    struct {
        bool is_wanted, is_asked;
        uint64_t due_ms; /* when it completes at the latest */
    } lists[PEERS_KINDS];
    uint64_t ask_ms, ask_next_ms; /* for statuses: less and less often */
    uint64_t wanted_ms;           /* when somebody last asked for statuses; 0: never */
    uint64_t since_ms;            /* from then on none was passed over */

    struct {
        uint64_t since_ms, last_ms;
        uint64_t same_ms;   /* when it was last so with the host that the text names */
        char text[ERR_MAX]; /* "": it is not so */
    } troubles[PEERS_TROUBLES];
    uint64_t well_ms;
    bool is_quiet; /* nobody is heard */
    bool is_state_new;
};

/* ---- peers.c ---- */

/* "" ends it; others than PEERS_SOCKET and PEERS_SEAL end by themselves. */
void peers_trouble(struct peers *peers, enum peers_trouble which, const char *text);
uint64_t peers_random(struct peers *peers, uint64_t below);

/* After whatever happened: tell the state if it is new, and come again in time. */
void peers_after(struct peers *peers);

/* ---- peers_options.c ---- */

bool peers_options_check(const struct engine_option *options, size_t count, struct err *err);

/* Of options that were checked. False: no memory. */
bool peers_options_take(struct peers *peers, const struct engine_option *options, size_t count);

/* ---- peers_send.c ---- */

/* Take as many parts as the record has out of what all may have, and the host, if it is not NULL.
 * False: one is used up. */
bool peers_budget_take(struct peers *peers, struct peers_host *host,
                       const struct peers_record *record, uint64_t now_ms);

/* Seal a body and send it, to the group if `to` is NULL. False where it could not be sealed. */
bool peers_send_body(struct peers *peers, const struct address *const *to, size_t count,
                     const uint8_t *body, size_t len);

/* Our record, to all, before anything else. */
void peers_send_own(struct peers *peers, const struct peers_record *record, enum record_kind kind);

/* An answer, to the group if `to` is NULL. False: too much is on its way. */
bool peers_send_answer(struct peers *peers, const struct address *to,
                       const struct peers_record *record, enum record_kind kind);

/* Some of what is to be sent. */
void peers_send_some(struct peers *peers, uint64_t now_ms);

/* ---- peers_talk.c ---- */

/* Something changed here: it is said soon. */
void peers_talk_anew(struct peers *peers, uint64_t now_ms);

/* Others have what we lack, or the like: speak soon. False: that led to nothing lately. */
bool peers_talk_differ(struct peers *peers, uint64_t now_ms);

/* Say all that we have to one, to the group if `to` is NULL, as far as few datagrams go. */
void peers_talk_to(struct peers *peers, const struct address *to, bool wants_statuses);

/* Ask all for their statuses. */
void peers_talk_ask(struct peers *peers);

/* What time asks for, and when it does next. */
void peers_talk_turn(struct peers *peers, uint64_t now_ms);
uint64_t peers_talk_next(const struct peers *peers);

/* ---- peers_hear.c: udp_fn ---- */

void peers_hear_one(void *arg, const uint8_t *bytes, size_t len, const struct address *from);
void peers_hear_group(void *arg, const uint8_t *bytes, size_t len, const struct address *from);

/* ---- peers_list.c ---- */

/* Statuses are of use to us: we look at them, or soon will. */
void peers_list_want(struct peers *peers, uint64_t now_ms);
bool peers_list_wants(const struct peers *peers, uint64_t now_ms);

/* Tell what was asked for, or ask others first. */
void peers_list_turn(struct peers *peers, uint64_t now_ms);
uint64_t peers_list_next(struct peers *peers, uint64_t now_ms);

#endif
