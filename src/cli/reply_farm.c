/* see reply_farm.h */
#include "cli/reply_farm.h"

#include <string.h>

#include "cli/need.h"

bool
reply_farm_read(struct reply_farm *reply, const json_t *root, struct err *err)
{
    struct need need = need_of(root, err);
    const json_t *farm, *request;
    struct reply_farm fresh = {.keyset = ""};

    need_text(&need, fresh.keyset, sizeof fresh.keyset, "keyset");
    fresh.now = need_time(&need, "now");
    fresh.is_shared = need_bool(&need, "shared");
    need_text(&need, fresh.file, sizeof fresh.file, "file");
    farm = need_object_or_null(&need, "farm");
    request = need_object_or_null(&need, "request");
    if (!need.failed && farm != NULL) {
        need.at = farm;
        need_text(&need, fresh.id, sizeof fresh.id, "id");
        fresh.since = need_time(&need, "since");
        fresh.keep_days = need_count(&need, "keep_days");
        need_text(&need, fresh.warning, sizeof fresh.warning, "warning");
    }
    if (!need.failed && request != NULL) {
        need.at = request;
        need_text(&need, fresh.line, sizeof fresh.line, "line");
        need_text(&need, fresh.fingerprint, sizeof fresh.fingerprint, "fingerprint");
        fresh.expires = need_time(&need, "expires");
    }
    if (!need.failed)
        *reply = fresh;
    return !need.failed;
}

bool
reply_member_read(struct reply_member *reply, const json_t *root, struct err *err)
{
    struct need need = need_of(root, err);
    struct reply_member fresh = {.keyset = ""};

    need_text(&need, fresh.keyset, sizeof fresh.keyset, "keyset");
    need_text(&need, fresh.id, sizeof fresh.id, "farm");
    need_text(&need, fresh.file, sizeof fresh.file, "file");
    if (!need.failed)
        *reply = fresh;
    return !need.failed;
}

bool
reply_asked_read(struct reply_asked *reply, const json_t *root, struct err *err)
{
    struct need need = need_of(root, err);
    struct reply_asked fresh = {.keyset = ""};

    need_text(&need, fresh.keyset, sizeof fresh.keyset, "keyset");
    need_text(&need, fresh.line, sizeof fresh.line, "request");
    need_text(&need, fresh.fingerprint, sizeof fresh.fingerprint, "fingerprint");
    fresh.expires = need_time(&need, "expires");
    need_text_or_null(&need, fresh.leaves, sizeof fresh.leaves, "leaves");
    if (!need.failed)
        *reply = fresh;
    return !need.failed;
}

bool
reply_answered_read(struct reply_answered *reply, const json_t *root, struct err *err)
{
    struct need need = need_of(root, err);
    struct reply_answered fresh = {.keyset = ""};

    need_text(&need, fresh.keyset, sizeof fresh.keyset, "keyset");
    need_text(&need, fresh.line, sizeof fresh.line, "answer");
    need_text(&need, fresh.fingerprint, sizeof fresh.fingerprint, "fingerprint");
    need_text(&need, fresh.host, sizeof fresh.host, "host");
    need_text(&need, fresh.host_name, sizeof fresh.host_name, "host_name");
    if (!need.failed)
        *reply = fresh;
    return !need.failed;
}
