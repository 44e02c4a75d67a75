/* see member_inner.h: what came is handed to the service */
#include <string.h>

#include "daemon/member_inner.h"
#include "daemon/service.h"
#include "keys/encode.h"
#include "share/merge.h"

void
member_drop_letters(struct member *member)
{
    for (size_t i = 0; i < member->letter_count; i++)
        secret_buf_free(&member->letters[i].content);
    member->letter_count = 0;
}

static void
tell_left_out(struct member *member, const struct member_letter *letter, const struct err *why)
{
    if (strcmp(member->left_out.text, why->text) == 0)
        return;
    member->left_out = *why;
    log_warn(member->log, "keyset %s: of host %016llx's keys not all are taken: %s", member->keyset,
             (unsigned long long)letter->head.sender, why->text);
}

/* Who says what, before the service is told of it. */
static void
note_letters(struct member *member, uint64_t now_ms)
{
    for (size_t i = 0; i < member->letter_count; i++) {
        const struct member_letter *letter = &member->letters[i];
        bool partly;
        KEYSET(said);

        if (decode_keyset_parts(&said, &partly, letter->content.bytes, letter->content.len, now_ms,
                                NULL))
            member_note_record(member, &letter->head, &said, now_ms);
        member_note_held(member, &letter->head, letter->engine);
    }
}

/* Take them into a copy of the keyset. */
static bool
merge_letters(struct member *member, struct keyset *set, bool *is_used, struct ring_time now)
{
    bool has_changed = keyset_expire(set, now.unix_ms);

    note_letters(member, now.unix_ms);
    for (size_t i = 0; i < member->letter_count; i++) {
        const struct member_letter *letter = &member->letters[i];
        bool is_ours = letter->head.sender == member->host, refused = true;
        struct err why = {""};

        has_changed |= (is_ours ? merge_back : merge_peer)(
                           set, &refused, letter->head.sender, letter->content.bytes,
                           letter->content.len, now.unix_ms, &why) == KEYSET_CHANGED;
        is_used[i] = !refused;
        if (refused)
            tell_left_out(member, letter, &why);
    }
    return has_changed;
}

void
member_take_letters(struct member *member, struct ring_time now)
{
    bool is_used[MEMBER_LETTERS_MAX] = {false};
    bool has_changed, is_taken, is_all_used = true;
    struct err err = {""};
    KEYSET(set);

    if (member->letter_count == 0)
        return;
    is_taken = keyset_copy(&set, &member->service->set) || err_set(&err, "no memory");
    has_changed = is_taken && merge_letters(member, &set, is_used, now);
    is_taken = is_taken && (!has_changed || service_learn(member->service, &set, now, &err));
    if (!is_taken)
        log_warn(member->log, "keyset %s: what other hosts say was not taken in: %s",
                 member->keyset, err.text);
    for (size_t i = 0; i < member->letter_count; i++) {
        const struct member_letter *letter = &member->letters[i];

        is_all_used &= is_used[i] && is_taken;
        member->inbox.engine = letter->engine;
        if (is_taken && is_used[i])
            (void)inbox_take(&member->inbox, &letter->head, now.unix_ms); /* counts what fails */
    }
    member_drop_letters(member);
    member_plan_keys(member, now); /* also where the keyset is the same */
    if (!is_all_used)
        member_ask_again(member, MEMBER_AGAIN_MS);
    if (has_changed)
        member->calls.changed(member->calls.arg, member->service);
}

void
member_take_lists(struct member *member, struct ring_time now)
{
    for (size_t i = 0; i < member->engine_count; i++) {
        if (!member->engines[i].is_all_told)
            continue;
        member->engines[i].is_all_told = false;
        member_note_listed(member, i);
        member_plan_keys(member, now);
    }
}

void
member_list_keys(struct member_engine *at)
{
    if (!at->is_keys_asked && !at->is_all_told) /* one answer may be to several lists */
        member_note_asked(at->member, at->index);
    at->is_keys_asked = true;
    at->engine->kind->list(at->engine, RECORD_KEYS);
}

void
member_list_again(struct member *member)
{
    member->due.again = MEMBER_NEVER;
    for (size_t i = 0; i < member->engine_count; i++) {
        if (member->engines[i].engine != NULL)
            member_list_keys(&member->engines[i]);
    }
}
