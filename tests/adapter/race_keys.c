/* see race_keys.h */
#include "race_keys.h"

#include <string.h>
#include <time.h>

#define KEPT 10 /* keys that are not revoked */

unsigned
race_keys_which(struct race_keys *keys, const struct got *got)
{
    unsigned made = atomic_load(&keys->made), i = 0;

    while (i < made && memcmp(keys->names[i], got->name, sizeof got->name) != 0)
        i++;
    return i < made ? i : RACE_KEYS;
}

bool
race_keys_is_wrong(struct race_keys *keys, unsigned key, unsigned revoked_before,
                   const struct got *got)
{
    if (!got->done || key == RACE_KEYS)
        return !got->done;
    return got->resumed ? key < revoked_before : key >= atomic_load(&keys->revoked);
}

bool
race_keys_rotate(struct farm *farm, struct race_keys *keys)
{
    const struct timespec pause = {0, 10 * 1000 * 1000};

    for (unsigned i = 0; i < RACE_KEYS; i++) {
        const unsigned id = i % FARM_KEYS;

        if (!sys_random(keys->names[i], STEK_NAME_LEN) ||
            !sys_random(farm->secrets[id].bytes, sizeof farm->secrets[id].bytes))
            return false;
        memcpy(farm->names[id], keys->names[i], STEK_NAME_LEN);
        if (!farm_seal(farm, id,
                       (int)i - (int)RACE_KEYS - 10)) /* newer than the last, and no future */
            return false;
        atomic_store(&keys->made, i + 1);
        if (i >= KEPT) {
            memcpy(farm->names[id], keys->names[i - KEPT], STEK_NAME_LEN);
            if (!farm_revoke(farm, id))
                return false;
            atomic_store(&keys->revoked, i - KEPT + 1);
        }
        (void)nanosleep(&pause, NULL); /* shorter if a signal comes */
    }
    return true;
}
