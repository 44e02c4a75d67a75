/* keyset.h - all keys of one trust domain, with what was confirmed and revoked.
 *
 * Keys, confirmations and revocations are immutable; merging two keysets is union, expiry is by
 * time. So merging is commutative, associative and idempotent, and hosts that know the same choose
 * the same sealing key without agreeing on anything. (Two keys of one name or one secret, which no
 * honest maker makes, are the exception: the one that came first stays.)
 *
 *   R-KEYSET-1: merge is commutative, associative and idempotent.
 *   R-KEYSET-2: after any sequence of events no key opens at or after its open_until.
 *   R-KEYSET-3: a revoked key never opens or seals again, whatever is merged later.
 *   R-KEYSET-4: keysets with the same content, none of it held back, choose the same sealing key.
 *   R-KEYSET-5: weak, duplicate or ill-timed keys are refused and change nothing.
 *   R-KEYSET-6: `made` or a mark over 10 min ahead of `now` is refused and changes nothing.
 *   R-KEYSET-7: a key that was learnt when its time to seal had begun seals here once others had
 *               the time to learn it, too, or it is confirmed after that; at once where no other
 *               does.
 *
 * What is revoked stays in `keys` as a wiped name (KEY_REVOKED) until its open_until, so that its
 * tickets are told from unknown ones. Events may come in any order: a confirmation or revocation
 * before its key, a mark before the keys that it withdraws. A confirmation lasts at least as long
 * as its key, whatever its `until` said; a revocation or mark KEYSET_LINGER_S longer than each key
 * here that it concerns, so that it meets the key also where a clock is slow, or was set back.
 *
 * Arrays are sorted by name, so equal keysets have equal bytes when encoded. `now_ms` is Unix time
 * in milliseconds; what ends at or before now_ms / 1000 is over. */
#ifndef KEYS_KEYSET_H
#define KEYS_KEYSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "keys/key.h"
#include "keys/policy.h"

#define KEYSET_KEYS_MAX 65536U
#define KEYSET_CONFIRMATIONS_MAX 65536U
#define KEYSET_REVOCATIONS_MAX 512U /* by name; the ring keeps as many */

#define KEYSET_LINGER_S (KEY_SKEW_MS / 1000)

/* No honest `until` is further ahead: a key is made up to two epochs before it seals, seals for up
 * to two, opens for a lifetime after; clocks differ, and revocations linger. */
#define KEYSET_AHEAD_MAX_S \
    (4 * (uint64_t)POLICY_ROTATE_MAX_S + POLICY_LIFETIME_MAX_S + 4 * KEYSET_LINGER_S)

/* All live hosts hold the key of this name; kept until the key would have expired. */
struct confirmation {
    uint8_t name[KEY_NAME_LEN];
    uint64_t until; /* Unix seconds */
};

/* The key of this name is withdrawn; kept until it would have expired everywhere. */
struct revocation {
    uint8_t name[KEY_NAME_LEN];
    uint64_t until;
};

/* Every key made at or before `made_ms` is withdrawn. Zeros: none. */
struct mark {
    uint64_t made_ms;
    uint64_t until;
};

/* Read the fields freely; change them by the calls below only. */
struct keyset {
    struct key *keys;
    size_t key_count, key_cap;
    struct confirmation *confirmations;
    size_t confirmation_count, confirmation_cap;
    struct revocation *revocations;
    size_t revocation_count, revocation_cap;
    struct mark mark;
    uint64_t newest_ms; /* the largest `made` or mark ever seen */
};

/* What an event did. */
enum keyset_change {
    KEYSET_SAME, /* known already, or over: nothing changed */
    KEYSET_CHANGED,
    KEYSET_REFUSED /* nothing changed, `err` says why */
};

void keyset_init(struct keyset *set);

/* Wipe all keys and free; takes one that was only initialised. */
void keyset_free(struct keyset *set);

#define KEYSET(var) __attribute__((cleanup(keyset_free))) struct keyset var = {0}

/* A copy in `out`, which must be initialised and empty. False where there is no memory. */
bool keyset_copy(struct keyset *out, const struct keyset *set);

/* Add a key; KEY_CONFIRMED in it is ignored. One that is revoked already is kept as a wiped name.
 * One that is flagged KEY_REVOKED is a wiped name itself (a ring or another keyset kept it), and
 * is a revocation too where none is known. */
enum keyset_change keyset_add(struct keyset *set, const struct key *key, uint64_t now_ms,
                              struct err *err);

/* Add many keys, as keyset_add() would one after the other, but in time that grows hardly faster
 * than their number. (Where not all fit, which ones are left out may differ.) Refused ones are left
 * out, and `err` names one, also with KEYSET_CHANGED; where none was refused it stays as it was.
 * That no secret comes twice is proved by a sorting network, in time that depends on nothing but
 * how many keys there are; only if two begin alike is each pair looked at. */
enum keyset_change keyset_add_all(struct keyset *set, const struct key *keys, size_t count,
                                  uint64_t now_ms, struct err *err);

/* Confirm the key of that name, known or not; `until` is its open_until. Here and below, an
 * `until` over KEYSET_AHEAD_MAX_S ahead is refused. */
enum keyset_change keyset_confirm(struct keyset *set, const uint8_t name[KEY_NAME_LEN],
                                  uint64_t until, uint64_t now_ms, struct err *err);

/* Withdraw one name; `until` is when that may be forgotten. */
enum keyset_change keyset_revoke_name(struct keyset *set, const uint8_t name[KEY_NAME_LEN],
                                      uint64_t until, uint64_t now_ms, struct err *err);

/* Withdraw every key made at or before made_ms. */
enum keyset_change keyset_revoke_mark(struct keyset *set, uint64_t made_ms, uint64_t until,
                                      uint64_t now_ms, struct err *err);

/* Drop what is over, then take in all that `from` holds. Refused parts are left out, and `err`
 * names the first one, also with KEYSET_CHANGED; where none was refused `err` stays as it was. */
enum keyset_change keyset_merge(struct keyset *set, const struct keyset *from, uint64_t now_ms,
                                struct err *err);

/* Take the times of a known key from its maker, who alone may tell them anew: where its clock or
 * ours was set, and keyset_shift() moved the times there or here. Refused unless all that lies
 * between its times, and all else, is equal, but that it may have been made earlier; or if it
 * would have sealed over 10 min before it was made. KEYSET_SAME if it is not known. */
enum keyset_change keyset_retime(struct keyset *set, const struct key *key, uint64_t now_ms,
                                 struct err *err);

/* True if this key is known, and all that differs is that its times were moved, there or here: what
 * keyset_retime() takes from its maker, and nobody from another. */
bool keyset_has_moved(const struct keyset *set, const struct key *key);

/* Drop and wipe what is over. True if anything was. */
bool keyset_expire(struct keyset *set, uint64_t now_ms);

/* Move every time in the set by as many seconds, where the clock that they were told by was set by
 * that: what is left of each stays the same. None moves to before 1970. */
void keyset_shift(struct keyset *set, int64_t by_s);

/* The same in a farm, at `now_ms` by the clock as it was set: only of one maker's keys, for
 * others' times are told by other clocks, and of a mark that they refused as too far ahead;
 * others' keys that it withdrew, and does not as it is now, are dropped, to be learnt again. When
 * a key was made is not moved, so that marks withdraw it as before, here or where they are not
 * known yet; but none was made in the future. Unless the clock is the farm's (`is_agreed`),
 * others' keys from over 10 min in the future say that it is wrong: then when keys were made
 * stays, for it will be set right. */
void keyset_shift_own(struct keyset *set, uint64_t maker, int64_t by_s, bool is_agreed,
                      uint64_t now_ms);

/* Of keys that `maker` would be said to have made over 10 min after they began to seal, as it made
 * them by a clock that was ahead, and that was set back since: nobody takes these times from it.
 * keyset_redate() lets them be made when they begin to seal, or right after a mark that they were
 * made after. It is for a clock that is known to be right: one that went back far looks alike. True
 * if there is any. */
bool keyset_is_misdated(const struct keyset *set, uint64_t maker);
bool keyset_redate(struct keyset *set, uint64_t maker);

/* Keys of one maker are another's from now on. */
void keyset_adopt(struct keyset *set, uint64_t from, uint64_t to);

/* The largest `made` or mark ever seen, but those 10 min ahead of our clock: it, or that of others,
 * was wrong then, and what is made after them would be refused. */
uint64_t keyset_newest_ms(const struct keyset *set, uint64_t now_ms);

/* `made` for a key that is made now: max(clock, keyset_newest_ms() + 1). */
uint64_t keyset_made_ms(const struct keyset *set, uint64_t now_ms);

/* What `revoke --all` ordered here and now revokes: W = max(clock, keyset_newest_ms()). What is
 * known and was made later, while a clock was wrong, is to be revoked by name. It is kept until the
 * last key concerned would have expired everywhere, also one that was just made elsewhere under the
 * same policy and is not known here. */
struct mark keyset_mark_all(const struct keyset *set, const struct policy *policy, uint64_t now_ms);

/* NULL if there is none. The pointer holds until the next change. */
const struct key *keyset_find(const struct keyset *set, const uint8_t name[KEY_NAME_LEN]);

/* Withdraw `name` and every key that sealed since it could open (a ticket forged under it may have
 * been renewed into them), or with `only` just that one. A key that could open from `made_ms` on
 * takes with it each key whose time to seal, seal_from to seal_until, has begun and ended after
 * that: patience does not count, since other hosts may know of a confirmation that is not here
 * yet. Keys that are still to come are left alone. Refused, as a whole, if it is not known or takes
 * too many revocations. */
enum keyset_change keyset_revoke(struct keyset *set, const uint8_t name[KEY_NAME_LEN], bool only,
                                 uint64_t now_ms, struct err *err);

/* When this key begins to seal, its effective time: seal_from, or patience later while it is not
 * confirmed, and not before held_until. Emergency keys and those of the mode `each` wait for no
 * confirmation. */
uint64_t keyset_seals_from(const struct key *key, const struct policy *policy);

/* Hold back keys that `was`, this set before it learnt them, did not know, and whose time to seal
 * has begun: as where a partition has healed, and what the other side made comes to hosts of this
 * one a moment after each other. For KEYSET_HOLD_S, or `patience` if that is less; but no longer
 * than the key lasts that seals meanwhile, and not at all where none does, or an emergency key,
 * which others hardly have. That it was confirmed before, without us, changes nothing; if it is
 * confirmed later, that ends it. */
#define KEYSET_HOLD_S 30U
void keyset_hold(struct keyset *set, const struct keyset *was, const struct policy *policy,
                 uint64_t maker, uint64_t now_s);

/* Hold none back if nothing seals for that. */
void keyset_release(struct keyset *set, const struct policy *policy, uint64_t maker,
                    uint64_t now_s);

/* True if it may seal at `now_s`: in its effective time and not revoked. */
bool keyset_may_seal(const struct key *key, const struct policy *policy, uint64_t now_s);

/* True if it opens at `now_s`. */
bool keyset_may_open(const struct key *key, uint64_t now_s);

/* True if it is one that `maker` would seal with: not revoked, and in the mode `each` of its own
 * making, else not another mode's. Says nothing of time. */
bool keyset_counts(const struct key *key, const struct policy *policy, uint64_t maker);

/* True if `a` goes before `b` where both count and may seal: no emergency key before another; then
 * the newest seal_from, the key's own and not its effective one; then the lowest name. */
bool keyset_goes_before(const struct key *a, const struct key *b);

/* The sealing key by the rule of DESIGN section 2: of those that count and may seal, the one that
 * goes before all others; NULL if there is none. */
const struct key *keyset_sealing(const struct keyset *set, const struct policy *policy,
                                 uint64_t maker, uint64_t now_s);

#endif
