/* see member_inner.h: what goes out */
#include <string.h>

#include "base/bytes.h"
#include "daemon/member_inner.h"
#include "daemon/service.h"
#include "io/entropy.h"
#include "io/process.h"
#include "keys/encode.h"
#include "share/status.h"

#define DAILY_MS ((uint64_t)3600 * 1000) /* new days begin for all at once: spread over this */
#define RARE_MS 10000U                   /* so that few of many hosts write what few carry */
#define ORPHAN_MS 10000U                 /* before that: its maker's word may be on its way */
#define STATUS_APART_MS 100U
#define STATUS_PER_HOST_MS 2U
#define STATUS_SPREAD_MS 2000U

/* ---- when ---- */

static bool
has_own_keys(const struct member *member)
{
    const struct keyset *set = &member->service->set;

    for (size_t i = 0; i < set->key_count; i++)
        if (set->keys[i].maker == member->host && (set->keys[i].flags & KEY_REVOKED) == 0)
            return true;
    return false;
}

/* Within how long our record should go out again; MEMBER_NEVER: need not. */
static uint64_t
needed_within_ms(const struct member *member, struct ring_time now)
{
    bool has_keys = has_own_keys(member);

    if (has_keys && member->said_ms == 0)
        return 0;
    switch (member_is_rare(member, now.unix_ms)) {
    case MEMBER_RARE_REVOCATION: return RARE_MS;
    case MEMBER_RARE_ORPHAN: return ORPHAN_MS + RARE_MS;
    case MEMBER_RARE_NOTHING: break;
    }
    if ((has_keys || member_says_something(member)) &&
        farm_day_of(member->said_ms) < farm_day_of(now.unix_ms))
        return DAILY_MS;
    return MEMBER_NEVER;
}

void
member_plan_keys(struct member *member, struct ring_time now)
{
    uint64_t within = member->is_listing ? MEMBER_NEVER : needed_within_ms(member, now);
    uint64_t least = within == ORPHAN_MS + RARE_MS ? ORPHAN_MS : 0, due;

    /* chosen once for each reason, or who hears much would be early */
    if (within == MEMBER_NEVER ||
        (member->due.keys != MEMBER_NEVER && within >= member->keys_within))
        return;
    due = now.boot_ms + least + member_random(within - least);
    if (due < member->due.keys)
        member->due.keys = due;
    member->keys_within = within;
}

/* True if other keys open here than we have told of. A confirmation changes the ring, too, and is
 * nobody's to know: statuses of all hosts for each would be many. */
static bool
has_new_keys(struct member *member, struct ring_time now)
{
    const struct service *service = member->service;
    uint64_t generation = service_generation(service);
    struct status status = {.held = 0};

    if (generation == member->generation)
        return false;
    if (!status_set_keys(&status, &service->set, &service->config.policy, now.unix_ms / 1000, NULL))
        return true;
    member->generation = generation;
    return memcmp(status.digest, member->held, sizeof member->held) != 0;
}

void
member_plan_status(struct member *member, struct ring_time now)
{
    uint64_t spread = member->fleet.count * STATUS_PER_HOST_MS;
    uint64_t due = member->status_boot_ms + STATUS_APART_MS;

    if (!has_new_keys(member, now))
        return;
    if (due < now.boot_ms)
        due = now.boot_ms;
    due += member_random(spread < STATUS_SPREAD_MS ? spread : STATUS_SPREAD_MS);
    if (due < member->due.status)
        member->due.status = due;
}

/* ---- what ---- */

/* Seal and put to every engine; keys to those whose record of ours was read. False, with the reason
 * in `err`, where one did not take it. */
static bool
put(struct member *member, const struct record_head *head, const struct secret_buf *content,
    struct err *err)
{
    uint8_t salt[RECORD_SALT_LEN];
    bool ok = true;
    SECRET_BUF(sealed);

    if (!entropy_get(salt, sizeof salt, err) ||
        !record_seal(&sealed, &member->farm, head, salt, content->bytes, content->len, err))
        return false;
    for (size_t i = 0; i < member->engine_count; i++) {
        const struct member_engine *at = &member->engines[i];

        if (at->engine != NULL && (at->is_read || head->kind == RECORD_STATUS))
            ok &= at->engine->kind->put(at->engine, head->kind, sealed.bytes, sealed.len, err);
    }
    return ok;
}

static bool
send(struct member *member, enum record_kind kind, uint64_t last, uint64_t *sequence,
     const struct secret_buf *content, struct ring_time now, struct err *err)
{
    uint64_t seen = inbox_last(&member->inbox, member->host, kind, now.unix_ms);
    struct record_head head = {.kind = kind, .sender = member->host};

    memcpy(head.keyset, member->keyset, sizeof head.keyset);
    head.sequence = record_sequence(last > seen ? last : seen, now.unix_ms);
    *sequence = head.sequence;
    /* before one of two engines takes it, and the other does not; else ours comes back once */
    member->inbox.engine = INBOX_NO_ENGINE;
    (void)inbox_take(&member->inbox, &head, now.unix_ms);
    return put(member, &head, content, err);
}

static void
note_said(const struct member *member, struct err *trouble, const char *what, const struct err *err)
{
    struct err said = *err;

    if (err->text[0] != '\0')
        (void)err_add(&said, "%s does not go out", what); /* always false */
    if (err->text[0] != '\0' && strcmp(said.text, trouble->text) != 0)
        log_warn(member->log, "keyset %s: %s", member->keyset, said.text);
    *trouble = said;
}

static bool
is_any_read(const struct member *member)
{
    bool is_read = false;

    for (size_t i = 0; i < member->engine_count; i++)
        is_read = is_read || member->engines[i].is_read;
    return is_read;
}

void
member_say_keys(struct member *member, struct ring_time now)
{
    struct record_head head = {.sender = member->host};
    struct err err = {""};
    bool ok;
    KEYSET(said);
    SECRET_BUF(content);

    if (!is_any_read(member)) { /* ours from before would count as rolled back: see R-MEMBER-1 */
        member->is_unsaid = true;
        member->due.keys = MEMBER_NEVER;
        return;
    }
    ok = member_own(member, &said, now.unix_ms, &err) && encode_keyset(&content, &said, &err) &&
         send(member, RECORD_KEYS, member->said_ms, &head.sequence, &content, now, &err);
    member->due.keys = ok ? MEMBER_NEVER : now.boot_ms + MEMBER_RETRY_MS;
    member->said_ms = head.sequence != 0 ? head.sequence : member->said_ms;
    if (ok) {
        member_note_record(member, &head, &said, now.unix_ms);
        member->records_said++;
    } else {
        member->is_unsaid = true;
    }
    note_said(member, &member->keys_trouble, "what this host knows of keys", &err);
}

void
member_say_keys_if_needed(struct member *member, struct ring_time now)
{
    member->due.keys = MEMBER_NEVER;
    if (member->is_unsaid || needed_within_ms(member, now) != MEMBER_NEVER) {
        member->is_unsaid = false;
        member_say_keys(member, now);
    }
}

void
member_begin_to_say(struct member *member, struct ring_time now)
{
    for (size_t i = 0; i < member->engine_count; i++) {
        struct member_engine *at = &member->engines[i];

        if (!at->is_heard || at->is_read)
            continue;
        at->is_read = true;
        if (member->said_ms == 0 && !member->is_unsaid)
            continue;
        member->is_unsaid = true;
        member->due.keys = now.boot_ms;
    }
}

static bool
describe(const struct member *member, struct status *status, struct ring_time now, struct err *err)
{
    const struct service *service = member->service;
    char name[STATUS_TEXT_MAX + 1];

    process_host_name(name, sizeof name);
    status_set_text(status->host_name, name);
    status_set_text(status->version, STEK_VERSION);
    status->clock_ms = now.unix_ms;
    status->beat = record_sequence(member->fleet_beat, now.unix_ms);
    status->generation = service_generation(service);
    return status_set_keys(status, &service->set, &service->config.policy, now.unix_ms / 1000, err);
}

void
member_say_status(struct member *member, struct ring_time now)
{
    struct status status = {.held = 0};
    struct err err = {""};
    uint64_t sequence = 0;
    bool ok;
    SECRET_BUF(content);

    ok = describe(member, &status, now, &err) && status_encode(&content, &status, &err) &&
         send(member, RECORD_STATUS, 0, &sequence, &content, now, &err);
    if (ok) {
        (void)fleet_saw(&member->fleet, member->host, sequence, &status, now.boot_ms, now.unix_ms,
                        FLEET_ENGINES_MAX); /* of ourselves; without memory it is as before */
        member->status_boot_ms = now.boot_ms;
        member->generation = status.generation;
        memcpy(member->held, status.digest, sizeof member->held);
        member->fleet_beat = status.beat;
        member->statuses_said++;
        member->due.status =
            now.boot_ms + FLEET_HEARTBEAT_MS - member_random(FLEET_HEARTBEAT_MS / 5);
    } else {
        member->due.status = now.boot_ms + MEMBER_RETRY_MS;
    }
    note_said(member, &member->status_trouble, "how this host is", &err);
}
