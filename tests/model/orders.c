/* see orders.h: what is ordered over the control socket */
#include "orders.h"

#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "keys_support.h"

#define NAMES_MAX 3
#define STRANGER 12345
#define UNKNOWN "00112233445566778899aabbccddeeff"

static void
mix(uint64_t *sum, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < len; i++)
        *sum = (*sum ^ at[i]) * 0x100000001b3U;
}

uint64_t
order_fingerprint(const struct drive *drive)
{
    uint64_t sum = 0xcbf29ce484222325U;

    for (size_t i = 0; i < drive->stekd->count; i++) {
        const struct service *service = drive->stekd->services[i];
        uint64_t generation = service_generation(service);

        mix(&sum, service->config.name, strlen(service->config.name));
        mix(&sum, &service->config.policy.rotate_s, sizeof service->config.policy.rotate_s);
        mix(&sum, &service->config.policy.lifetime_s, sizeof service->config.policy.lifetime_s);
        mix(&sum, &generation, sizeof generation);
        for (size_t j = 0; j < service->set.key_count; j++) {
            const struct key *key = &service->set.keys[j];

            mix(&sum, key->name, sizeof key->name);
            mix(&sum, &key->seal_from, sizeof key->seal_from);
            mix(&sum, &key->open_until, sizeof key->open_until);
            mix(&sum, &key->flags, sizeof key->flags);
        }
    }
    return sum;
}

static struct drive_keyset *
any_running(struct drive *drive)
{
    struct drive_keyset *keyset;

    do {
        keyset = &drive->keysets[rng_below(&drive->rng, DRIVE_KEYSETS)];
    } while (!keyset->is_running); /* there is always one */
    return keyset;
}

/* ---- rotate ---- */

/* Is a refusal right: no room, or none of the next seconds free? */
static bool
may_refuse(const struct drive *drive, const struct drive_keyset *keyset)
{
    const struct service *service = drive_service(drive, keyset);
    unsigned live = 0, taken = 0;

    for (size_t i = 0; i < keyset->model.count; i++) {
        const struct model_key *key = &keyset->model.keys[i];

        live += model_opens(key, drive_now()) != MODEL_NO;
        taken += !key->is_gone && key->from >= drive_now() - 1000 - MODEL_SLACK_MS &&
                 key->from <= drive_now() + 5000 + MODEL_SLACK_MS;
    }
    return live + 4 > service_capacity(service) || taken >= 6;
}

bool
order_rotate(struct drive *drive)
{
    struct drive_keyset *keyset = any_running(drive);
    uint64_t before = order_fingerprint(drive);
    char body[64];
    json_t *root;
    int status;
    bool ok;

    (void)snprintf(body, sizeof body, "{\"keyset\": \"%s\"}", keyset->name);
    status = drive_ask(drive, &root, 0, "POST", "/v1/rotate", body);
    ok = json_object_get(root, status == 200 ? "name" : "error") != NULL;
    json_decref(root);
    if (!ok)
        return drive_fail(drive, "rotate: %d without an answer", status);
    if (status == 200)
        return drive_compare(drive);
    if (order_fingerprint(drive) != before)
        return drive_fail(drive, "rotate: %d, and something changed", status);
    if (status == 500 && virtual_system.is_source_broken)
        return true;
    if (status == 409 && may_refuse(drive, keyset))
        return true;
    return drive_fail(drive, "rotate: %d without a reason", status);
}

/* ---- revoke ---- */

/* What an order must, may and must not withdraw. */
static enum model_may
predict(const struct model_key *key, const struct model_key *const *named, size_t count, bool only)
{
    enum model_may lives = model_opens(key, drive_now()), takes = MODEL_NO;

    if (lives == MODEL_NO || named == NULL)
        return lives;
    for (size_t i = 0; i < count; i++) {
        enum model_may may = only ? MODEL_NO : model_takes(key, named[i], drive_now());

        if (named[i] == key)
            may = MODEL_YES;
        if (may == MODEL_YES || takes == MODEL_NO)
            takes = may;
    }
    return takes == MODEL_YES ? lives : takes;
}

static bool
is_listed(const json_t *revoked, const uint8_t name[MODEL_NAME_LEN])
{
    char text[HEX_LEN(MODEL_NAME_LEN)];
    const json_t *item;
    size_t i;

    (void)hex_encode(text, name, MODEL_NAME_LEN);
    json_array_foreach(revoked, i, item)
    {
        if (strcmp(json_string_value(item), text) == 0)
            return true;
    }
    return false;
}

/* The answer names what was withdrawn: is it what should have been? */
static bool
take_revoked(struct drive *drive, struct drive_keyset *keyset, const json_t *root,
             const struct model_key *const *named, size_t count, bool only)
{
    const json_t *revoked = json_object_get(root, "revoked");
    bool taken[MODEL_KEYS_MAX];
    size_t listed = 0;

    for (size_t i = 0; i < keyset->model.count; i++) {
        enum model_may may = predict(&keyset->model.keys[i], named, count, only);

        taken[i] = is_listed(revoked, keyset->model.keys[i].name);
        listed += taken[i];
        if (may != MODEL_EITHER && taken[i] != (may == MODEL_YES))
            return drive_fail(drive, "keyset %s: key %02x%02x: %s", keyset->name,
                              keyset->model.keys[i].name[0], keyset->model.keys[i].name[1],
                              taken[i] ? "revoked, and should not be" : "not revoked");
    }
    for (size_t i = 0; i < keyset->model.count; i++)
        keyset->model.keys[i].is_gone |= taken[i];
    if (listed != json_array_size(revoked))
        return drive_fail(drive, "keyset %s: a key was revoked that is not known", keyset->name);
    keyset->may_make = true;
    return true;
}

bool
order_revoke_all(struct drive *drive)
{
    struct drive_keyset *keyset = any_running(drive);
    char body[64];
    json_t *root;
    int status;
    bool ok;

    (void)snprintf(body, sizeof body, "{\"keyset\": \"%s\", \"all\": true}", keyset->name);
    status = drive_ask(drive, &root, 0, "POST", "/v1/revoke", body);
    ok = status == 200 ? take_revoked(drive, keyset, root, NULL, 0, false)
                       : drive_fail(drive, "revoke all: %d", status);
    json_decref(root);
    return ok && drive_compare(drive);
}

/* Some keys of the model, old ones and revoked ones too; returns how many. */
static size_t
pick(struct drive *drive, const struct drive_keyset *keyset, const struct model_key **named)
{
    size_t count = 1 + rng_below(&drive->rng, NAMES_MAX), picked = 0;

    for (size_t i = 0; i < count && keyset->model.count > 0; i++) {
        const struct model_key *key =
            &keyset->model.keys[rng_below(&drive->rng, keyset->model.count)];
        bool is_twice = false;

        for (size_t j = 0; j < picked; j++)
            is_twice |= named[j] == key;
        if (!is_twice)
            named[picked++] = key;
    }
    return picked;
}

static void
write_names(char *body, size_t size, const struct drive_keyset *keyset,
            const struct model_key *const *named, size_t count, bool only)
{
    size_t len = (size_t)snprintf(body, size, "{\"keyset\": \"%s\", \"only\": %s, \"names\": [",
                                  keyset->name, only ? "true" : "false");

    for (size_t i = 0; i < count; i++) {
        char text[HEX_LEN(MODEL_NAME_LEN)];

        len += (size_t)snprintf(body + len, size - len, "%s\"%s\"", i == 0 ? "" : ", ",
                                hex_encode(text, named[i]->name, MODEL_NAME_LEN));
    }
    (void)snprintf(body + len, size - len, "]}");
}

/* Does stekd know all of them still? */
static enum model_may
are_known(const struct drive *drive, const struct drive_keyset *keyset,
          const struct model_key *const *named, size_t count)
{
    const struct service *service = drive_service(drive, keyset);
    enum model_may known = MODEL_YES;

    for (size_t i = 0; i < count; i++) {
        enum model_may may = model_opens(named[i], drive_now());

        if (keyset_find(&service->set, named[i]->name) == NULL)
            return MODEL_NO;
        if (may != MODEL_YES) /* names of revoked keys stay for as long as they like */
            known = MODEL_EITHER;
    }
    return known;
}

bool
order_revoke_names(struct drive *drive)
{
    struct drive_keyset *keyset = any_running(drive);
    const struct model_key *named[NAMES_MAX];
    size_t count = pick(drive, keyset, named);
    bool only = rng_below(&drive->rng, 2) == 0, ok;
    enum model_may known = are_known(drive, keyset, named, count);
    uint64_t before = order_fingerprint(drive);
    char body[256];
    json_t *root;
    int status;

    if (count == 0)
        return true;
    write_names(body, sizeof body, keyset, named, count, only);
    status = drive_ask(drive, &root, 0, "POST", "/v1/revoke", body);
    if (status == 200 && known != MODEL_NO)
        ok = take_revoked(drive, keyset, root, named, count, only);
    else if (status == 404 && known != MODEL_YES)
        ok = order_fingerprint(drive) == before ||
             drive_fail(drive, "revoke: 404, and something changed");
    else
        ok = drive_fail(drive, "revoke: %d of names that are%s known: %s", status,
                        known == MODEL_YES ? "" : " not", body);
    json_decref(root);
    return ok && drive_compare(drive);
}

/* ---- what changes nothing ---- */

bool
order_refused(struct drive *drive)
{
    static const struct {
        const char *method, *path, *body;
        uid_t uid;
        int status;
    } refused[] = {
        {"POST", "/v1/rotate", "{\"keyset\": \"none\"}", 0, 404},
        {"POST", "/v1/revoke", "{\"keyset\": \"none\", \"all\": true}", 0, 404},
        {"POST", "/v1/revoke", "{\"all\": false}", 0, 400},
        {"POST", "/v1/revoke", "{\"all\": true, \"names\": [\"" UNKNOWN "\"]}", 0, 400},
        {"POST", "/v1/revoke", "{\"keyset\": \"none\", \"names\": [\"" UNKNOWN "\"]}", 0, 404},
        {"POST", "/v1/rotate", "{", 0, 400},
        {"GET", "/v1/rotate", "", 0, 405},
        {"POST", "/v1/nothing", "{}", 0, 404},
        {"POST", "/v1/rotate", "{\"keyset\": \"a\"}", STRANGER, 403},
        {"POST", "/v1/revoke", "{\"keyset\": \"a\", \"all\": true}", STRANGER, 403},
        {"GET", "/v1/status", "", STRANGER, 403},
    };
    size_t i = rng_below(&drive->rng, sizeof refused / sizeof *refused);
    uint64_t before = order_fingerprint(drive);
    json_t *root;
    int status = drive_ask(drive, &root, refused[i].uid, refused[i].method, refused[i].path,
                           refused[i].body);
    bool ok = json_is_string(json_object_get(root, "error"));

    json_decref(root);
    if (status != refused[i].status || !ok)
        return drive_fail(drive, "%s %s %s: %d", refused[i].method, refused[i].path,
                          refused[i].body, status);
    return order_fingerprint(drive) == before ||
           drive_fail(drive, "%s was refused, and something changed", refused[i].path);
}

bool
order_look(struct drive *drive)
{
    uint64_t before = order_fingerprint(drive);
    json_t *root;
    int status = drive_ask(drive, &root, 0, "GET", "/v1/status", "");
    size_t count = json_array_size(json_object_get(root, "keysets"));

    json_decref(root);
    if (status != 200 || count != drive->stekd->count)
        return drive_fail(drive, "status: %d, of %zu keysets", status, count);
    return order_fingerprint(drive) == before || drive_fail(drive, "a look changed something");
}
