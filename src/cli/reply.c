/* see reply.h; status is in reply_status.c */
#include "cli/reply.h"

#include <stdlib.h>
#include <string.h>

#include "cli/need.h"
#include "cli/text.h"

#define HTTP_OK 200

json_t *
reply_load(const char *body, size_t len, int http_status, struct err *err)
{
    json_error_t where;
    json_t *root = json_loadb(body, len, JSON_REJECT_DUPLICATES, &where);
    const char *error = json_string_value(json_object_get(root, "error"));
    char text[ERR_MAX];

    if (http_status == HTTP_OK && json_is_object(root))
        return root;
    if (http_status == HTTP_OK)
        (void)err_set(err, "stekd's answer is not a JSON object: does another program own the "
                           "socket?");
    else if (error == NULL)
        (void)err_set(err, "stekd refused with HTTP status %d and no reason", http_status);
    else
        (void)err_set(err, "%s", text_clean(text, sizeof text, error));
    json_decref(root);
    return NULL;
}

/* ---- keys ---- */

void
reply_keys_free(struct reply_keys *reply)
{
    free(reply->keys);
    *reply = (struct reply_keys){0};
}

static bool
read_key(struct reply_key *key, const json_t *object, struct err *err)
{
    struct need need = need_of(object, err);
    char state[16];

    need_name(&need, key->name, "name");
    need_text(&need, state, sizeof state, "state");
    if (!need.failed && !control_state_parse(&key->state, state))
        need_fail(&need, "state", "coming, sealing, opening or revoked");
    key->made_ms = need_count(&need, "made_ms");
    if (key->made_ms / 1000 > NEED_TIME_MAX)
        need_fail(&need, "made_ms", "a time in Unix milliseconds");
    key->seals_from = need_time(&need, "seals_from");
    key->seals_until = need_time(&need, "seals_until");
    key->opens_until = need_time(&need, "opens_until");
    key->is_confirmed = need_bool(&need, "confirmed");
    key->is_emergency = need_bool(&need, "emergency");
    key->sealed = need_count(&need, "sealed");
    key->opened = need_count(&need, "opened");
    return !need.failed;
}

bool
reply_keys_read(struct reply_keys *reply, const json_t *root, struct err *err)
{
    REPLY_KEYS(fresh);
    struct need need = need_of(root, err);
    const json_t *keys;

    need_text(&need, fresh.keyset, sizeof fresh.keyset, "keyset");
    fresh.now = need_time(&need, "now");
    keys = need_array(&need, REPLY_KEYS_MAX, "keys");
    if (need.failed)
        return false;
    fresh.count = json_array_size(keys);
    fresh.keys = calloc(fresh.count + 1, sizeof *fresh.keys); /* calloc(0) may be NULL */
    if (fresh.keys == NULL)
        return err_set(err, "no memory for %zu keys", fresh.count);
    for (size_t i = 0; i < fresh.count; i++) {
        if (!read_key(&fresh.keys[i], json_array_get(keys, i), err))
            return false;
    }
    *reply = fresh;
    fresh = (struct reply_keys){0};
    return true;
}

/* ---- rotate, revoke ---- */

bool
reply_rotate_read(struct reply_rotate *reply, const json_t *root, struct err *err)
{
    struct need need = need_of(root, err);
    struct reply_rotate fresh;

    need_text(&need, fresh.keyset, sizeof fresh.keyset, "keyset");
    need_name(&need, fresh.name, "name");
    fresh.seals_from = need_time(&need, "seals_from");
    if (!need.failed)
        *reply = fresh;
    return !need.failed;
}

void
reply_revoke_free(struct reply_revoke *reply)
{
    free(reply->revoked);
    *reply = (struct reply_revoke){0};
}

bool
reply_revoke_read(struct reply_revoke *reply, const json_t *root, struct err *err)
{
    REPLY_REVOKE(fresh);
    struct need need = need_of(root, err);
    const json_t *names = need_array(&need, REPLY_KEYS_MAX, "revoked");

    need_text(&need, fresh.keyset, sizeof fresh.keyset, "keyset");
    need_name_or_null(&need, fresh.fresh, "fresh");
    need_name_or_null(&need, fresh.sealing, "sealing");
    fresh.generation = need_count(&need, "generation");
    if (need.failed)
        return false;
    fresh.count = json_array_size(names);
    fresh.revoked = calloc(fresh.count + 1, sizeof *fresh.revoked); /* calloc(0) may be NULL */
    if (fresh.revoked == NULL)
        return err_set(err, "no memory for %zu names", fresh.count);
    for (size_t i = 0; i < fresh.count; i++) {
        if (!need_is_name(fresh.revoked[i], json_array_get(names, i)))
            need_fail(&need, "revoked", "names of keys in hex");
    }
    if (need.failed)
        return false;
    *reply = fresh;
    fresh = (struct reply_revoke){0};
    return true;
}
