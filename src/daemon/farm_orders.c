/* see farm_orders.h */
#include "daemon/farm_orders.h"

#include <string.h>

#include "base/hex.h"
#include "io/entropy.h"
#include "io/process.h"

char *
farm_name(char out[FARM_NAME_LEN], const uint8_t id[FARM_ID_LEN])
{
    return hex_encode(out, id, FARM_ID_LEN / 2);
}

static enum farm_file
look(struct farm *farm, const struct farm_desk *desk, struct err *err)
{
    struct err warning; /* told by who uses the farm */

    if (desk->farm == NULL)
        return farm_file_load(farm, &warning, &desk->paths, err);
    *farm = *desk->farm;
    return FARM_FILE_LOADED;
}

/* The farm that is there, for an order that needs one. */
static enum service_outcome
load(struct farm *farm, const struct farm_desk *desk, struct err *err)
{
    switch (look(farm, desk, err)) {
    case FARM_FILE_LOADED: return SERVICE_DONE;
    case FARM_FILE_NONE:
        (void)err_set(err,
                      "keyset %s has no farm secret: begin a farm with stekctl farm init, or join "
                      "one with stekctl farm join",
                      desk->keyset);
        return SERVICE_NOT_NOW;
    case FARM_FILE_BAD:
    default: return SERVICE_NOT_NOW;
    }
}

/* ---- a fresh secret ---- */

static enum service_outcome
create(const struct farm_desk *desk, char name[FARM_NAME_LEN], uint64_t now_ms, struct err *err)
{
    uint8_t id[FARM_ID_LEN];
    SECRET(secret);
    FARM(farm);

    if (!entropy_get(id, sizeof id, err) || !entropy_get(secret.bytes, sizeof secret.bytes, err) ||
        !farm_create(&farm, id, &secret, now_ms, err) || !farm_file_save(&desk->paths, &farm, err))
        return SERVICE_FAILED;
    (void)farm_name(name, id); /* its argument */
    return SERVICE_DONE;
}

enum service_outcome
farm_init(const struct farm_desk *desk, char name[FARM_NAME_LEN], uint64_t now_ms, struct err *err)
{
    char old[FARM_NAME_LEN];
    FARM(farm);

    switch (look(&farm, desk, err)) {
    case FARM_FILE_NONE: return create(desk, name, now_ms, err);
    case FARM_FILE_LOADED:
        (void)err_set(
            err,
            "keyset %s is in farm %s already: stekctl farm rekey gives it a fresh secret, "
            "stekctl farm join moves this host to another farm",
            desk->keyset, farm_name(old, farm.id));
        return SERVICE_NOT_NOW;
    case FARM_FILE_BAD:
    default: return SERVICE_NOT_NOW;
    }
}

enum service_outcome
farm_rekey(const struct farm_desk *desk, char name[FARM_NAME_LEN], uint64_t now_ms, struct err *err)
{
    enum service_outcome outcome;
    FARM(old); /* nothing of it goes into the new one */

    outcome = load(&old, desk, err);
    return outcome == SERVICE_DONE ? create(desk, name, now_ms, err) : outcome;
}

/* ---- the member that answers ---- */

static bool
was_answered(const struct farm_answered *answered, const struct join_request *request)
{
    for (size_t i = 0; i < FARM_ANSWERED_MAX; i++) {
        if (answered->requests[i].expires_s != 0 &&
            memcmp(answered->requests[i].key, request->key, sizeof request->key) == 0)
            return true;
    }
    return false;
}

/* In the place of the one that is soonest over, if not free. */
static void
note_answered(struct farm_answered *answered, const struct join_request *request)
{
    size_t at = 0;

    for (size_t i = 1; i < FARM_ANSWERED_MAX; i++) {
        if (answered->requests[i].expires_s < answered->requests[at].expires_s)
            at = i;
    }
    memcpy(answered->requests[at].key, request->key, sizeof request->key);
    answered->requests[at].expires_s = request->expires_s;
}

enum service_outcome
farm_invite(const struct farm_desk *desk, struct secret_buf *line, struct join_request *request,
            const char *text, size_t len, uint64_t now_ms, struct err *err)
{
    struct join_request read;
    enum service_outcome outcome;
    FARM(farm);
    SECRET(fresh);
    SECRET_BUF(answer);

    outcome = load(&farm, desk, err);
    if (outcome != SERVICE_DONE)
        return outcome;
    if (!join_read(&read, text, len, now_ms / 1000, err))
        return SERVICE_NOT_NOW;
    if (was_answered(desk->answered, &read)) {
        (void)err_set(err,
                      "the request of host %s has been answered: if the answer was lost, make "
                      "another request there with stekctl farm join",
                      read.host_name);
        return SERVICE_NOT_NOW;
    }
    if (!entropy_get(fresh.bytes, sizeof fresh.bytes, err))
        return SERVICE_FAILED;
    if (!join_answer(&answer, &read, &farm, desk->keyset, &fresh, err))
        return SERVICE_NOT_NOW;
    note_answered(desk->answered, &read);
    *line = answer;
    answer = (struct secret_buf){0};
    *request = read;
    return SERVICE_DONE;
}

/* ---- the host that asks ---- */

enum service_outcome
farm_ask(const struct farm_desk *desk, struct secret_buf *line, struct join_request *request,
         uint64_t host, uint64_t now_ms, struct err *err)
{
    char host_name[STATUS_TEXT_MAX + 1];
    SECRET(fresh);
    SECRET_BUF(asked);
    JOIN(join);

    (void)process_host_name(host_name, sizeof host_name); /* its argument */
    if (!entropy_get(fresh.bytes, sizeof fresh.bytes, err) ||
        !join_ask(&join, &asked, &fresh, host, host_name, desk->keyset, now_ms / 1000, err) ||
        !farm_file_save_join(&desk->paths, &join, err))
        return SERVICE_FAILED;
    *request = join.request;
    *line = asked;
    asked = (struct secret_buf){0};
    return SERVICE_DONE;
}

static enum service_outcome
load_join(struct join *join, const struct farm_desk *desk, uint64_t now_s, struct err *err)
{
    switch (farm_file_load_join(join, &desk->paths, now_s, err)) {
    case FARM_FILE_LOADED: return SERVICE_DONE;
    case FARM_FILE_NONE:
        (void)err_set(err,
                      "keyset %s: no request waits for an answer, or its hour is over: stekctl "
                      "farm join makes one",
                      desk->keyset);
        return SERVICE_NOT_NOW;
    case FARM_FILE_BAD:
    default: return SERVICE_NOT_NOW;
    }
}

enum service_outcome
farm_take(const struct farm_desk *desk, char name[FARM_NAME_LEN], struct err *warning,
          const char *text, size_t len, uint64_t now_ms, struct err *err)
{
    enum service_outcome outcome;
    JOIN(join);
    FARM(farm);

    outcome = load_join(&join, desk, now_ms / 1000, err);
    if (outcome != SERVICE_DONE)
        return outcome;
    if (!join_finish(&join, &farm, text, len, now_ms / 1000, err))
        return SERVICE_NOT_NOW;
    if (!farm_file_save(&desk->paths, &farm, err))
        return SERVICE_FAILED;
    warning->text[0] = '\0';
    if (!farm_file_drop_join(&desk->paths, warning))
        (void)err_add(warning, "remove this file: its key opens the answer"); /* always false */
    (void)farm_name(name, farm.id);                                           /* its argument */
    return SERVICE_DONE;
}
