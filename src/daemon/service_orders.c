/* see service.h: what the operator orders */
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "daemon/service_inner.h"

#define RESERVE 4U /* keys that time may ask for next */

/* Of two keys that begin to seal in the same second the lowest name does: the new one may lose. */
static bool
has_rival(const struct service *service, const struct keyset *set, const struct key *made)
{
    for (size_t i = 0; i < set->key_count; i++) {
        const struct key *key = &set->keys[i];

        if (key->seal_from == made->seal_from && (key->flags & KEY_EMERGENCY) == 0 &&
            keyset_counts(key, &service->config.policy, service->maker) &&
            memcmp(key->name, made->name, sizeof key->name) != 0)
            return true;
    }
    return false;
}

/* Names of revoked keys make room for others. */
static size_t
count_live(const struct keyset *set)
{
    size_t count = 0;

    for (size_t i = 0; i < set->key_count; i++)
        count += (set->keys[i].flags & KEY_REVOKED) == 0;
    return count;
}

enum service_outcome
service_rotate(struct service *service, struct key *made, struct ring_time now, struct err *err)
{
    KEYSET(set);

    if (!keyset_copy(&set, &service->set)) {
        (void)err_set(err, "no memory for the keyset"); /* always false */
        return SERVICE_FAILED;
    }
    (void)keyset_expire(&set, now.unix_ms); /* makes room */
    if (count_live(&set) + RESERVE > service_capacity(service)) {
        (void)err_set(err,
                      "the ring is full: %zu keys, and room for %u; wait until some end, or raise "
                      "capacity",
                      count_live(&set), service_capacity(service));
        return SERVICE_NOT_NOW;
    }
    if (!service_make(service, &set, made, MAKE_ROTATION, 0, now, err))
        return SERVICE_FAILED;
    if (has_rival(service, &set, made)) {
        (void)err_set(err, "a key takes over in each of the next seconds: rotate again after that");
        return SERVICE_NOT_NOW;
    }
    return service_commit(service, &set, now, err) ? SERVICE_DONE : SERVICE_FAILED;
}

static enum service_outcome
refuse_unknown(const struct service *service, const uint8_t name[KEY_NAME_LEN], struct err *err)
{
    char text[HEX_LEN(KEY_NAME_LEN)];

    (void)err_set(err, "keyset %s: no key %s: nothing was revoked; stekctl keys lists them",
                  service->config.name, hex_encode(text, name, KEY_NAME_LEN));
    return SERVICE_UNKNOWN;
}

/* All that a mark can, and by name what was made far ahead, while a clock was wrong: a mark of then
 * would be refused. */
static bool
withdraw_all(const struct service *service, struct keyset *set, uint64_t now_ms, struct err *err)
{
    struct mark mark = keyset_mark_all(set, &service->config.policy, now_ms);

    if (keyset_revoke_mark(set, mark.made_ms, mark.until, now_ms, err) == KEYSET_REFUSED)
        return false;
    for (size_t i = 0; i < set->key_count; i++) {
        const struct key *key = &set->keys[i];

        if (key->made_ms > mark.made_ms && (key->flags & KEY_REVOKED) == 0 &&
            keyset_revoke_name(set, key->name, key->open_until + KEYSET_LINGER_S, now_ms, err) ==
                KEYSET_REFUSED)
            return false;
    }
    return true;
}

/* Withdraw in a copy of the keyset; all or nothing, since the copy is thrown away else. */
static enum service_outcome
withdraw(const struct service *service, struct keyset *set, const struct revoke_order *order,
         uint64_t now_ms, struct err *err)
{
    if (order->all)
        return withdraw_all(service, set, now_ms, err) ? SERVICE_DONE : SERVICE_FAILED;
    for (size_t i = 0; i < order->name_count; i++) {
        if (keyset_find(set, order->names[i].bytes) == NULL)
            return refuse_unknown(service, order->names[i].bytes, err);
    }
    for (size_t i = 0; i < order->name_count; i++) {
        if (keyset_revoke(set, order->names[i].bytes, order->only, now_ms, err) == KEYSET_REFUSED)
            return SERVICE_FAILED;
    }
    return SERVICE_DONE;
}

/* What the copy has revoked that the keyset has not. */
static bool
list_revoked(struct revoke_result *result, const struct keyset *was, const struct keyset *is)
{
    result->names = calloc(is->key_count + 1, sizeof *result->names);
    if (result->names == NULL)
        return false;
    for (size_t i = 0; i < is->key_count; i++) {
        const struct key *key = &is->keys[i], *old = keyset_find(was, key->name);

        if (old != NULL && (key->flags & ~old->flags & KEY_REVOKED) != 0)
            memcpy(result->names[result->name_count++].bytes, key->name, sizeof key->name);
    }
    return true;
}

/* A revocation holds even if no key can be made: then there are no tickets until the next tick
 * makes one. */
static void
replace(struct service *service, struct revoke_result *result, struct keyset *set,
        struct ring_time now)
{
    uint64_t now_s = now.unix_ms / 1000;
    KEY(made);

    keyset_release(set, &service->config.policy, service->maker, now_s);
    if (keyset_sealing(set, &service->config.policy, service->maker, now_s) == NULL &&
        service_make(service, set, &made, MAKE_EMERGENCY, 0, now, NULL)) {
        result->has_fresh = true;
        memcpy(result->fresh.bytes, made.name, sizeof result->fresh.bytes);
    }
    (void)service_make_due(service, set, now, NULL); /* a tick follows, which tells */
}

enum service_outcome
service_revoke(struct service *service, struct revoke_result *result,
               const struct revoke_order *order, struct ring_time now, struct err *err)
{
    struct revoke_result done = {0};
    enum service_outcome outcome;
    KEYSET(set);

    if (!keyset_copy(&set, &service->set)) {
        (void)err_set(err, "no memory for the keyset"); /* always false */
        return SERVICE_FAILED;
    }
    (void)keyset_expire(&set, now.unix_ms); /* what is over needs no revocation */
    outcome = withdraw(service, &set, order, now.unix_ms, err);
    if (outcome != SERVICE_DONE)
        return outcome;
    if (!list_revoked(&done, &service->set, &set)) {
        (void)err_set(err, "no memory for the answer"); /* always false */
        return SERVICE_FAILED;
    }
    service->has_news = true;
    replace(service, &done, &set, now);
    if (!service_commit(service, &set, now, err)) {
        revoke_result_free(&done);
        return SERVICE_FAILED;
    }
    if (done.has_fresh)
        service->emergency = now;
    service->revocations++;
    *result = done;
    return SERVICE_DONE;
}

void
revoke_result_free(struct revoke_result *result)
{
    free(result->names);
    *result = (struct revoke_result){0};
}
