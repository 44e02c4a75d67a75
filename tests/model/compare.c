/* see drive.h: what daemon, rings and models say of the same moment */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/secret.h"
#include "drive.h"

#define WAIT_MS 5000 /* an ordered rotation waits no longer for its second */

static bool
fail_key(struct drive *drive, const struct drive_keyset *keyset, const uint8_t *name,
         const char *what)
{
    char text[HEX_LEN(MODEL_NAME_LEN)];

    return drive_fail(drive, "keyset %s: key %s: %s, at %" PRId64, keyset->name,
                      hex_encode(text, name, MODEL_NAME_LEN), what, drive_now());
}

/* A Unix time of the daemon's, in milliseconds since boot. */
static int64_t
since_boot(const struct model *model, uint64_t unix_s)
{
    return (int64_t)unix_s * 1000 - model->offset;
}

static bool
is_near(int64_t a, int64_t b)
{
    return a - b <= MODEL_SLACK_MS && b - a <= MODEL_SLACK_MS;
}

/* ---- new keys ---- */

/* When may a planned key begin? With an epoch, now by an order, or where another one ends. */
static bool
is_fit_to_begin(const struct drive_keyset *keyset, const struct key *key, int64_t from)
{
    const struct model *model = &keyset->model;

    if (key->seal_from % keyset->wish.rotate == 0 || is_near(from, drive_now()) ||
        (from > drive_now() && from <= drive_now() + WAIT_MS))
        return true;
    for (size_t i = 0; i < model->count; i++) {
        if (is_near(model->keys[i].until, from))
            return true;
    }
    return false;
}

static bool
check_emergency(struct drive *drive, struct drive_keyset *keyset, const struct key *key)
{
    int64_t now = drive_now();

    if (!is_near(since_boot(&keyset->model, key->seal_from), now))
        return fail_key(drive, keyset, key->name, "an emergency key that does not begin now");
    if (!keyset->may_make && model_is_limited(&keyset->model, now, MODEL_SLACK_MS))
        return fail_key(drive, keyset, key->name, "more than one emergency key a minute");
    keyset->model.emergency = keyset->model.emergency_from = now;
    return true;
}

static bool
learn(struct drive *drive, struct drive_keyset *keyset, const struct key *key)
{
    const struct wish *wish = &keyset->wish;
    struct model *model = &keyset->model;
    struct model_key fresh = {.from = since_boot(model, key->seal_from),
                              .until = since_boot(model, key->seal_until),
                              .over = since_boot(model, key->open_until),
                              .made = (int64_t)key->made_ms - model->offset};

    memcpy(fresh.name, key->name, sizeof fresh.name);
    fresh.is_emergency = (key->flags & KEY_EMERGENCY) != 0;
    fresh.is_each = (key->flags & KEY_EACH) != 0;
    if ((key->flags & KEY_REVOKED) != 0)
        return fail_key(drive, keyset, key->name, "revoked, and never seen before");
    if (secret_is_weak(key->secret.bytes, sizeof key->secret.bytes))
        return fail_key(drive, keyset, key->name, "a weak secret");
    if (keyset->is_adopted && fresh.is_emergency && is_near(fresh.from, drive_now()))
        model->emergency = model->emergency_from = drive_now();
    if (keyset->is_adopted) /* made while we did not look */
        return model_learn(model, &fresh) || drive_fail(drive, "too many keys");
    if (key->seal_until - key->seal_from != wish->rotate + wish->patience ||
        key->open_until - key->seal_until != wish->lifetime || fresh.is_each != wish->each)
        return fail_key(drive, keyset, key->name, "made against the policy");
    if (fresh.over <= drive_now() || fresh.from > drive_now() + 4 * (int64_t)wish->rotate * 1000)
        return fail_key(drive, keyset, key->name, "made for another time");
    if (!fresh.is_emergency && !is_fit_to_begin(keyset, key, fresh.from))
        return fail_key(drive, keyset, key->name, "begins at no fit moment");
    if (fresh.is_emergency && !check_emergency(drive, keyset, key))
        return false;
    model->was_source_broken = false;
    return model_learn(model, &fresh) || drive_fail(drive, "too many keys");
}

/* ---- the daemon's keyset ---- */

static bool
fail_moved(struct drive *drive, const struct drive_keyset *keyset, const struct key *key,
           const struct model_key *known)
{
    char what[128];

    (void)snprintf(what, sizeof what, "seals from, until, opens until moved by %lld, %lld, %lld ms",
                   (long long)(since_boot(&keyset->model, key->seal_from) - known->from),
                   (long long)(since_boot(&keyset->model, key->seal_until) - known->until),
                   (long long)(since_boot(&keyset->model, key->open_until) - known->over));
    return fail_key(drive, keyset, key->name, what);
}

/* What the daemon has must be right. */
static bool
compare_key(struct drive *drive, struct drive_keyset *keyset, const struct key *key)
{
    struct model_key *known = NULL;

    for (size_t i = 0; i < keyset->model.count; i++) {
        if (memcmp(keyset->model.keys[i].name, key->name, sizeof key->name) == 0)
            known = &keyset->model.keys[i];
    }
    if (known == NULL)
        return learn(drive, keyset, key);
    if (known->is_gone != ((key->flags & KEY_REVOKED) != 0))
        return fail_key(drive, keyset, key->name,
                        known->is_gone ? "came back" : "revoked without an order");
    if (!is_near(known->from, since_boot(&keyset->model, key->seal_from)) ||
        !is_near(known->until, since_boot(&keyset->model, key->seal_until)) ||
        !is_near(known->over, since_boot(&keyset->model, key->open_until)))
        return fail_moved(drive, keyset, key, known);
    known->moved += since_boot(&keyset->model, key->open_until) - known->over;
    known->from = since_boot(&keyset->model, key->seal_from);
    known->until = since_boot(&keyset->model, key->seal_until);
    known->over = since_boot(&keyset->model, key->open_until);
    if (llabs(known->moved) > MODEL_SLACK_MS + 1000 * (int64_t)known->steps)
        return fail_key(drive, keyset, key->name, "its time moves on and on");
    return true;
}

static bool
compare_daemon(struct drive *drive, struct drive_keyset *keyset, const struct service *service)
{
    for (size_t i = 0; i < service->set.key_count; i++) {
        if (!compare_key(drive, keyset, &service->set.keys[i]))
            return false;
    }
    for (size_t i = 0; i < keyset->model.count; i++) {
        struct model_key *key = &keyset->model.keys[i];

        if (keyset_find(&service->set, key->name) != NULL)
            continue;
        if (model_opens(key, drive_now()) == MODEL_YES)
            return fail_key(drive, keyset, key->name, "lost");
        key->is_gone = true; /* also if the clock is set back now */
    }
    return true;
}

/* ---- the ring, as a server sees it ---- */

static bool
compare_opening(struct drive *drive, struct drive_keyset *keyset, struct model_key *key,
                const struct service *service)
{
    enum model_may may = model_opens(key, drive_now());
    const struct key *ours = service == NULL ? NULL : keyset_find(&service->set, key->name);
    enum stek_status status;
    int renew = 0;
    STEK_KEY(found);

    status = stek_ring_opening_key(keyset->ring, &found, &renew, key->name,
                                   virtual_system.boot_ms / 1000);
    if (status != STEK_OK && may == MODEL_YES)
        return fail_key(drive, keyset, key->name, "does not open");
    if (status == STEK_OK && may == MODEL_NO)
        return fail_key(drive, keyset, key->name,
                        key->is_gone ? "opens, but is revoked" : "opens past its time");
    if (status == STEK_OK && ours != NULL &&
        memcmp(found.secret, ours->secret.bytes, sizeof found.secret) != 0)
        return fail_key(drive, keyset, key->name, "has another secret in the ring");
    key->was_over |= may != MODEL_YES;
    drive->looks++;
    return true;
}

/* Nobody seals: is that excused? */
static bool
may_be_dry(const struct drive_keyset *keyset)
{
    const struct model *model = &keyset->model;

    return virtual_system.is_source_broken || model->was_source_broken ||
           model_is_limited(model, drive_now(), -MODEL_SLACK_MS);
}

static bool
compare_sealing(struct drive *drive, struct drive_keyset *keyset)
{
    STEK_KEY(found);
    bool seals =
        stek_ring_sealing_key(keyset->ring, &found, virtual_system.boot_ms / 1000) == STEK_OK;

    if (!seals && keyset->is_running && !may_be_dry(keyset))
        return drive_fail(drive, "keyset %s: no key seals, at %" PRId64, keyset->name, drive_now());
    if (!model_may_seal(&keyset->model, seals ? found.name : NULL, drive_now()))
        return seals ? fail_key(drive, keyset, found.name, "seals, and another should")
                     : drive_fail(drive, "keyset %s: no key seals, and one should, at %" PRId64,
                                  keyset->name, drive_now());
    return true;
}

static bool
compare_ring(struct drive *drive, struct drive_keyset *keyset, const struct service *service)
{
    for (size_t i = 0; i < keyset->model.count; i++) {
        if (!compare_opening(drive, keyset, &keyset->model.keys[i], service))
            return false;
    }
    return !keyset->is_on_disk || compare_sealing(drive, keyset);
}

/* ---- all of it ---- */

/* A server opens the ring once, and keeps it for as long as there is one. */
static bool
follow_ring(struct drive *drive, struct drive_keyset *keyset)
{
    char path[128];

    (void)snprintf(path, sizeof path, "%s/%s.r1", drive->run, keyset->name);
    if ((access(path, F_OK) == 0) != keyset->is_on_disk)
        return drive_fail(drive, "keyset %s: its ring is %s", keyset->name,
                          keyset->is_on_disk ? "gone" : "still there");
    if (keyset->ring == NULL && stek_ring_open(&keyset->ring, path) != STEK_OK)
        return drive_fail(drive, "keyset %s: its ring cannot be opened", keyset->name);
    if (keyset->is_on_disk &&
        stek_ring_tick(keyset->ring, virtual_system.boot_ms / 1000) != STEK_OK)
        return drive_fail(drive, "keyset %s: its ring cannot be read", keyset->name);
    return true;
}

bool
drive_compare(struct drive *drive)
{
    for (size_t i = 0; i < DRIVE_KEYSETS; i++) {
        struct drive_keyset *keyset = &drive->keysets[i];
        const struct service *service = drive->stekd == NULL ? NULL : drive_service(drive, keyset);

        if ((service != NULL) != keyset->is_running)
            return drive_fail(drive, "keyset %s is %s", keyset->name,
                              service != NULL ? "kept, and should not be" : "not kept");
        keyset->model.was_source_broken |= virtual_system.is_source_broken;
        if ((service != NULL && !compare_daemon(drive, keyset, service)) ||
            !follow_ring(drive, keyset) || !compare_ring(drive, keyset, service))
            return false;
        keyset->is_adopted = keyset->may_make = false;
        model_forget(&keyset->model, drive_now());
    }
    return true;
}
