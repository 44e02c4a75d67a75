/* stek.h - TLS session ticket keys (STEKs, RFC 5077) from a ring in shared memory.
 *
 * A ring holds the keys of one trust domain. stekd keeps it, or the program itself (local rings),
 * or the program's own callbacks stand behind it. One adapter call (stek/openssl.h and its like)
 * then makes a TLS library seal and open its tickets with the ring's keys.
 *
 * Rules for every call:
 *   - no pointer may be NULL unless the text says so;
 *   - the object comes first, then outputs, then inputs, a length right after its bytes;
 *   - on anything but STEK_OK outputs are left as they were;
 *   - `now` is seconds of stek_now(), so that one handshake sees one time;
 *   - nothing blocks, logs or aborts, and nothing changes errno on STEK_OK;
 *   - a ring may be used by any number of threads and, once open, by forked children;
 *   - public structs begin with their size: set it (STEK_KEY and STEK_INFO do), so that a newer
 *     library knows what an older program left room for.
 * Whatever a call answers, the handshake goes on: with no key there is no ticket, and a ticket
 * that does not open means a full handshake. */
#ifndef STEK_STEK_H
#define STEK_STEK_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define STEK_API __attribute__((visibility("default")))
#define STEK_MUST_USE __attribute__((warn_unused_result))
#else
#define STEK_API
#define STEK_MUST_USE
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define STEK_NAME_LEN 16   /* names a key, in clear, at the front of each ticket */
#define STEK_SECRET_LEN 32 /* what all keys on the wire are derived from */
#define STEK_HASH_LEN 32   /* HMAC-SHA256, SHA-256 */

enum stek_status {
    STEK_OK = 0,
    STEK_NO_KEY = 1,       /* everyday: none by that name, past its time, or revoked */
    STEK_BAD_TICKET = 2,   /* everyday: forged, cut short, damaged, or of another context */
    STEK_TOO_SMALL = 3,    /* the output buffer is */
    STEK_NO_RING = 4,      /* none there, of this boot: does stekd run, with such a keyset? */
    STEK_UNSAFE_RING = 5,  /* its owner or mode, or a folder's on the way, lets others in */
    STEK_FOREIGN_RING = 6, /* damaged, or of a layout that this library cannot read */
    STEK_SYSTEM = 7,       /* the system said no: errno says why */
    STEK_NO_CRYPTO = 8,    /* the caller's HMAC or cipher failed, or derived a weak key */
    STEK_BAD_ARGUMENT = 9, /* a name, size or option that cannot be */
    STEK_OLD_LIBRARY = 10  /* the TLS library has a fault that breaks handshakes: update it */
};

/* Say in one English sentence what a status means; never NULL, also for unknown values. */
STEK_API const char *stek_status_text(enum stek_status status);

/* The clock of all ring times: CLOCK_BOOTTIME in seconds, so that a step of the wall clock
 * neither ends nor prolongs a key. */
STEK_API uint64_t stek_now(void);

/* Unix seconds, for what travels between hosts inside a ticket (a chain's age). */
STEK_API uint64_t stek_unix_now(void);

/* ---- keys ---- */

/* A key, copied out of a ring. Declare it with STEK_KEY and it wipes itself. */
struct stek_key {
    size_t size;
    uint8_t name[STEK_NAME_LEN];     /* public */
    uint8_t secret[STEK_SECRET_LEN]; /* never shown, logged or stored */
    uint64_t seal_until;             /* ring time: seals before this */
    uint64_t open_until;             /* ring time: opens before this */
};

/* Overwrite a key in a way that no compiler leaves out. */
STEK_API void stek_key_wipe(struct stek_key *key);

#if defined(__GNUC__)
/* Declares `var`, an empty key that is wiped however its scope ends. */
#define STEK_KEY(var) \
    __attribute__((cleanup(stek_key_wipe))) struct stek_key var = { \
        sizeof(struct stek_key), {0}, {0}, 0, 0}
#endif

/* The caller's HMAC-SHA256: an adapter passes its TLS library's. Returns 1 if done, else 0. */
typedef int stek_hmac_fn(uint8_t out[STEK_HASH_LEN], const uint8_t *in, size_t in_len,
                         const uint8_t *key, size_t key_len);

/* Derive the 32 bytes for one use of a key: HKDF-Expand (RFC 5869) with the info "stek1",
 * `product`, `purpose`, `context`, each behind its 16-bit length. `product` names the library or
 * server, `purpose` the use; `context` (see stek/ticket.h) may be NULL. Strings go up to 64
 * bytes. Weak results are refused (STEK_NO_CRYPTO). */
STEK_API STEK_MUST_USE enum stek_status
stek_key_derive(const struct stek_key *key, uint8_t out[STEK_HASH_LEN], const char *product,
                const char *purpose, const uint8_t context[STEK_HASH_LEN], stek_hmac_fn *hmac);

/* ---- rings ---- */

struct stek_ring;

/* Open the ring that stekd keeps: by keyset name ([a-z0-9_.-]{1,64}: /run/stek/NAME.r1) or, with
 * a slash in it, by path. Do it before privileges are dropped. Succeeds where no ring is yet:
 * stek_ring_tick(), which adapters call for every new context, then looks again. A ring that is
 * there but unsafe or foreign is refused. */
STEK_API STEK_MUST_USE enum stek_status stek_ring_open(struct stek_ring **ring, const char *name);

/* How long the keys of a local ring live, in seconds. Zeros mean what stands in brackets. */
struct stek_policy {
    size_t size;
    uint64_t rotate;      /* a new key seals every so often, up to 30 days (1 h) */
    uint64_t lifetime;    /* a ticket opens for so long, up to 7 days (12 h) */
    uint64_t max_session; /* a chain of renewals lives for so long, up to a year (24 h) */
};
#define STEK_POLICY(var) struct stek_policy var = {sizeof(struct stek_policy), 0, 0, 0}

/* A ring of this program's own, in memory that children forked from now on share: no daemon, no
 * thread, no file. Whoever uses it first after a rotation is due does it, and at most one does; a
 * program that is seldom asked for tickets may call stek_ring_tick() to have old keys wiped on
 * time. It dies with the last process that holds it. `policy` may be NULL. STEK_BAD_ARGUMENT: a
 * policy that cannot be.
 *
 *   R-LOCAL-1: one key seals through each epoch (`rotate` seconds of ring time), opens for
 *              `lifetime` after that, and is then wiped at the next use.
 *   R-LOCAL-2: all that share it have the same keys, whoever rotates.
 *   R-LOCAL-3: one that is killed while it rotates holds up nobody, and no ticket is lost.
 *   R-LOCAL-4: the first use after any idle time gets a key, and never one that is over. Others
 *              that come in the same microseconds look again a few hundred times, then go without.
 *   R-LOCAL-5: where the system has no randomness or memory the last key seals for another quarter
 *              of `rotate`, then none does (STEK_SYSTEM); each use tries again. */
STEK_API STEK_MUST_USE enum stek_status stek_ring_local(struct stek_ring **ring,
                                                        const struct stek_policy *policy);

/* For whom a key is wanted. */
struct stek_request {
    size_t size;
    const char *sni; /* the ClientHello's, lower-case; "" if none; NULL: not known. Anybody may send
                        any name */
};
#define STEK_REQUEST(var) struct stek_request var = {sizeof(struct stek_request), NULL}

/* Your own key provider. The calls fill in name, secret and times of `key`, which is all zeros but
 * for its size, and return STEK_OK, or STEK_NO_KEY: then there is no ticket, or a full handshake.
 * They are called for each handshake, by any thread, and must not block. */
struct stek_callbacks {
    size_t size;
    enum stek_status (*sealing_key)(void *ctx, struct stek_key *key,
                                    const struct stek_request *request, uint64_t now);
    enum stek_status (*opening_key)(void *ctx, struct stek_key *key,
                                    const uint8_t name[STEK_NAME_LEN],
                                    const struct stek_request *request, uint64_t now);
    void (*release)(void *ctx); /* when the ring is gone; may be NULL */
    uint64_t lifetime;          /* as in struct stek_policy */
    uint64_t max_session;
};
#define STEK_CALLBACKS(var) \
    struct stek_callbacks var = {sizeof(struct stek_callbacks), NULL, NULL, NULL, 0, 0}

/* A ring behind which your own callbacks stand; copies `callbacks`. `ctx` may be NULL.
 *
 *   R-CUSTOM-1: callbacks are told the SNI and the key's name; what they refuse is no key.
 *   R-CUSTOM-2: no key is taken whose name or secret is weak (zero, repeated, patterned), whose
 *               name is a part of its secret, whose times are over or out of order, whose name is
 *               not the one that was asked for, or whose secret came under another name lately. */
STEK_API STEK_MUST_USE enum stek_status
stek_ring_custom(struct stek_ring **ring, const struct stek_callbacks *callbacks, void *ctx);

/* Take another reference; returns `ring`. Each reference is given back by stek_ring_close(). */
STEK_API struct stek_ring *stek_ring_ref(struct stek_ring *ring);

/* Give a reference back and set *ring to NULL; takes NULL in *ring. The last one unmaps. */
STEK_API void stek_ring_close(struct stek_ring **ring);

/* Do what time asks for: map a ring that was not there before, or that was made anew. Costs a few
 * system calls; call it when a context is made. Anything but STEK_OK is about what the path names
 * now; a ring that was mapped before stays in use all the same, and stek_ring_info() tells if there
 * is one.
 *   STEK_OK            the ring that the path names is in use; whether a key seals, its info tells
 *   STEK_NO_RING       nothing is there, or stekd has not filled it in yet since the system
 *                      started, or it goes by the clock of another time namespace
 *   STEK_UNSAFE_RING   others may have made it, can write it or read it; or its owner is another
 *                      than that of the ring in use
 *   STEK_FOREIGN_RING  what is there is damaged, no ring, or of a layout of another version
 *   STEK_SYSTEM        it cannot be opened, as after privileges were dropped: errno says why */
STEK_API enum stek_status stek_ring_tick(struct stek_ring *ring, uint64_t now);

/* Copy out the key that seals now. */
STEK_API STEK_MUST_USE enum stek_status stek_ring_sealing_key(struct stek_ring *ring,
                                                              struct stek_key *key, uint64_t now);

/* Copy out the key by that name, if it may still open. *renew becomes 1 where another key seals
 * now, so that the ticket should be replaced, else 0. A miss is counted by its cause. */
STEK_API STEK_MUST_USE enum stek_status stek_ring_opening_key(struct stek_ring *ring,
                                                              struct stek_key *key, int *renew,
                                                              const uint8_t name[STEK_NAME_LEN],
                                                              uint64_t now);

/* The same, for rings that have a key for each SNI: custom rings. Others do not look at it. */
STEK_API STEK_MUST_USE enum stek_status
stek_ring_sealing_key_for(struct stek_ring *ring, struct stek_key *key,
                          const struct stek_request *request, uint64_t now);
STEK_API STEK_MUST_USE enum stek_status
stek_ring_opening_key_for(struct stek_ring *ring, struct stek_key *key, int *renew,
                          const uint8_t name[STEK_NAME_LEN], const struct stek_request *request,
                          uint64_t now);

/* What happened to a ticket; the daemon reads these counters. */
enum stek_event {
    STEK_SEALED = 0,       /* a new ticket under this key */
    STEK_OPENED = 1,       /* a session was resumed */
    STEK_RENEWED = 2,      /* a ticket of an older key was replaced (counted beside SEALED) */
    STEK_FULL_UNKNOWN = 3, /* full handshake: no key by that name */
    STEK_FULL_EXPIRED = 4, /* full handshake: the key's time, or the session's, is over */
    STEK_FULL_REVOKED = 5, /* full handshake: the key was revoked */
    STEK_FULL_CONTEXT = 6, /* full handshake: another context, forged, or damaged */
    STEK_FULL_NO_KEY = 7   /* no ticket could be sealed: no key may seal, or policy forbids */
};

/* Count an event; `name` is the key's, or NULL if there is none. Never fails. */
STEK_API void stek_ring_count(struct stek_ring *ring, enum stek_event event,
                              const uint8_t name[STEK_NAME_LEN]);

/* What a ring is like now: no secrets. */
struct stek_info {
    size_t size;
    uint64_t generation;    /* grows with each change of the ring */
    uint64_t written_at;    /* ring time of the last change */
    uint64_t next_rotation; /* ring time at which another key takes over; 0: none is there yet */
    uint64_t rotate;        /* policy: seconds that a key seals for */
    uint64_t lifetime;      /* policy: seconds that a ticket lives for, at most */
    uint64_t max_session;   /* policy: seconds that a chain of renewals lives for, at most */
    uint32_t keys;          /* in the ring: those to come too, and the names of revoked ones */
    uint32_t sealing;       /* 1 if a key seals now, else 0 */
};
#define STEK_INFO(var) struct stek_info var = {sizeof(struct stek_info), 0, 0, 0, 0, 0, 0, 0, 0}

/* Fill in `info`; STEK_NO_RING where there is none yet, STEK_NO_KEY where its writer left no quiet
 * moment to read it in. Costs no more for a large ring: fit for each handshake. */
STEK_API STEK_MUST_USE enum stek_status stek_ring_info(struct stek_ring *ring,
                                                       struct stek_info *info, uint64_t now);

#ifdef __cplusplus
}
#endif
#endif
