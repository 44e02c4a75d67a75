/* model.h - what stekd promises of the keys of a keyset, in the simplest words: a list of keys with
 * times, and which of them may open or seal at a moment. It shares no code with the daemon.
 *
 * All times are milliseconds since boot, as nobody can set that clock. A key is learned when it
 * first appears; from then on the model says what becomes of it. */
#ifndef TESTS_MODEL_MODEL_H
#define TESTS_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_KEYS_MAX 4096
#define MODEL_NAME_LEN 16
/* Rings have whole seconds, and begin and end keys early by up to one; so do their conversions. */
#define MODEL_SLACK_MS 2000

struct model_key {
    uint8_t name[MODEL_NAME_LEN];
    int64_t made, from, until, over; /* made; seals from, until; opens until */
    int64_t moved;                   /* by rounding, since it was made */
    unsigned steps; /* of the clock, at a start: each may cost it, or give it, a second */
    bool is_emergency, is_each;
    bool was_over; /* its time was over, or as good as: where the clock goes back it may be lost */
    bool is_gone;  /* revoked, or destroyed with its keyset: it never opens again */
};

struct model {
    struct model_key keys[MODEL_KEYS_MAX];
    size_t count;
    bool each;              /* the mode of the policy */
    int64_t offset;         /* of the wall clock that keys are told by; at the last look */
    int64_t emergency;      /* when the daemon last made such a key; below 0: never */
    int64_t emergency_from; /* the same as the wall clock has it: later, where that went back */
    bool was_source_broken; /* since a key was made last */
};

enum model_may { MODEL_NO, MODEL_YES, MODEL_EITHER };

const struct model_key *model_find(const struct model *model, const uint8_t name[MODEL_NAME_LEN]);

/* False where there is no room left. */
bool model_learn(struct model *model, const struct model_key *key);

/* Forget keys that have been over for an hour. */
void model_forget(struct model *model, int64_t now);

enum model_may model_opens(const struct model_key *key, int64_t now);

/* The key that seals at that moment; NULL if none does. */
const struct model_key *model_sealing(const struct model *model, int64_t now);

/* True if that key, or none if NULL, may be the one that seals, give or take the slack. */
bool model_may_seal(const struct model *model, const uint8_t *name, int64_t now);

/* Would the order to revoke `named`, with what it may have been renewed into, take this key? */
enum model_may model_takes(const struct model_key *key, const struct model_key *named, int64_t now);

/* One emergency key a minute, but where the clock went back the last one is still to come. Give
 * `slack`, which is negative for "perhaps". */
bool model_is_limited(const struct model *model, int64_t now, int64_t slack);

/* The wall clock is followed, so keys keep their Unix times; or not, so they keep the time that is
 * left to them. */
void model_follow(struct model *model, int64_t offset);
void model_step(struct model *model, int64_t offset);

#endif
