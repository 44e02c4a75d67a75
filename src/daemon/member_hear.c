/* see member_inner.h: what comes in */
#include <string.h>

#include "base/hex.h"
#include "daemon/member_inner.h"
#include "daemon/service.h"
#include "share/status.h"

#define DAMAGED_MS \
    3600000U /* until keys are asked for again at the latest, where some do not open */

#define BURST_MS 1000U /* what is said in a row may be that far ahead of the clock */

static struct ring_time
time_of(const struct member *member)
{
    return member->calls.now(member->calls.arg);
}

/* What could not be used may be another time. */
void
member_ask_again(struct member *member, uint64_t after_ms)
{
    struct ring_time now = time_of(member);

    if (member->due.again == MEMBER_NEVER)
        member->due.again = now.boot_ms + after_ms;
    member_arm(member, now);
}

/* Keys that did not open may do so another time. What is damaged mostly stays so: ever later. */
static void
ask_again_refused(struct member *member, enum record_verdict verdict)
{
    uint64_t late_ms = member->inbox.counts[verdict] * MEMBER_AGAIN_MS;

    if (verdict == RECORD_FAILED)
        member_ask_again(member, MEMBER_AGAIN_MS);
    else if (verdict == RECORD_FORGED || verdict == RECORD_MALFORMED)
        member_ask_again(member, late_ms < DAMAGED_MS ? late_ms : DAMAGED_MS);
}

/* What came was no record of ours; the inbox has counted it. Everyday ones are not worth a word,
 * others one until something else is wrong. */
static void
tell_refused(struct member *member, const struct engine_name *name, enum record_verdict verdict)
{
    if (verdict == RECORD_KNOWN || verdict == RECORD_ROLLED_BACK)
        return;
    if (name->kind == RECORD_KEYS)
        ask_again_refused(member, verdict);
    if (member->inbox.counts[verdict] > 1)
        return;
    log_warn(member->log,
             "keyset %s: a record of host %016llx was refused: %s; others like it are counted, "
             "not told",
             member->keyset, (unsigned long long)name->sender, record_verdict_text(verdict));
}

static void
tell_double(struct member *member)
{
    if (member->host_trouble.text[0] != '\0')
        return;
    (void)err_set(&member->host_trouble,
                  "another host speaks as host %016llx, as this one does: is it a copy? stop stekd "
                  "on one of the two, remove %s there, and start it again",
                  (unsigned long long)member->host, member->paths.host); /* always false */
    log_warn(member->log, "keyset %s: %s", member->keyset, member->host_trouble.text);
}

/* A record of ours that is newer than what we have said in this run. What an engine lists that came
 * up late, or is of a time that is still to come, is of an earlier run, before the clock went back:
 * go on above it. */
static void
hear_ourselves(struct member_engine *at, uint64_t sequence, struct ring_time now)
{
    struct member *member = at->member;

    if (at->has_listed && sequence <= now.unix_ms + BURST_MS) {
        tell_double(member);
        return;
    }
    member->is_unsaid = true;
    member->due.keys = now.boot_ms;
}

/* A status of ours that is newer than what we have said. The first is perhaps of an earlier run,
 * before the clock went back; we go on above it, so another one since then is not. */
static void
hear_own_status(struct member *member, const struct record_head *head, struct ring_time now)
{
    if (member->foreign_boot_ms != 0 && member->status_boot_ms > member->foreign_boot_ms)
        tell_double(member);
    member->foreign_boot_ms = now.boot_ms;
    (void)inbox_take(&member->inbox, head, now.unix_ms); /* counts what fails */
}

static void
hear_keys(struct member_engine *at, const struct engine_name *name, const uint8_t *bytes,
          size_t len)
{
    struct member *member = at->member;
    struct ring_time now = time_of(member);
    struct member_letter letter = {.engine = at->index, .content = {.bytes = NULL}};
    enum record_verdict verdict;

    if (member->letter_count == MEMBER_LETTERS_MAX)
        member_take_letters(member, now);
    member->inbox.engine = at->index;
    member->inbox.offset_ms = now.unix_ms - now.boot_ms;
    member->inbox.lets_back = !at->is_read;
    verdict = inbox_open(&member->inbox, &letter.content, &letter.head, RECORD_KEYS, bytes, len,
                         now.unix_ms);
    member->inbox.lets_back = false;
    if (verdict == RECORD_KNOWN && record_peek(&letter.head, bytes, len) == RECORD_OPENED)
        member_note_held(member, &letter.head, at->index);
    if (verdict != RECORD_OPENED) {
        secret_buf_free(&letter.content);
        tell_refused(member, name, verdict);
        return;
    }
    if (letter.head.sender == member->host && member->said_ms != 0 &&
        letter.head.sequence > member->said_ms)
        hear_ourselves(at, letter.head.sequence, now);
    member->letters[member->letter_count++] = letter;
    if (member->letter_count == 1)
        member_arm(member, now);
}

/* While our wall clock is held off, hosts that have its time are heard: they may agree to it. */
static uint64_t
latest_ms(const struct member *member, struct ring_time now)
{
    uint64_t wall_ms = service_wall_ms(member->service, now);

    return wall_ms > now.unix_ms ? wall_ms : now.unix_ms;
}

static void
hear_status(struct member_engine *at, const struct engine_name *name, const uint8_t *bytes,
            size_t len)
{
    struct member *member = at->member;
    struct ring_time now = time_of(member);
    struct record_head head;
    struct status status;
    enum record_verdict verdict;
    SECRET_BUF(content);

    member->inbox.engine = at->index;
    verdict = inbox_open(&member->inbox, &content, &head, RECORD_STATUS, bytes, len,
                         latest_ms(member, now));
    if (verdict == RECORD_KNOWN && record_peek(&head, bytes, len) == RECORD_OPENED)
        fleet_carried(&member->fleet, head.sender, head.sequence, now.boot_ms, at->index);
    if (verdict != RECORD_OPENED) {
        tell_refused(member, name, verdict);
        return;
    }
    if (head.sender == member->host) {
        hear_own_status(member, &head, now);
        return;
    }
    if (!status_decode(&status, content.bytes, content.len, NULL)) {
        inbox_refuse(&member->inbox, RECORD_CONTENT);
        return;
    }
    if (fleet_saw(&member->fleet, head.sender, head.sequence, &status, now.boot_ms, now.unix_ms,
                  at->index) != RECORD_FAILED)
        (void)inbox_take(&member->inbox, &head, now.unix_ms); /* counts what goes wrong */
}

static void
on_record(void *arg, const struct engine_name *name, const uint8_t *bytes, size_t len)
{
    if (name->kind == RECORD_KEYS)
        hear_keys(arg, name, bytes, len);
    else
        hear_status(arg, name, bytes, len);
}

/* The first lists are in when each engine's is, or cannot be. */
static void
end_listing(struct member *member, struct ring_time now)
{
    for (size_t i = 0; i < member->engine_count; i++)
        if (member->engines[i].engine != NULL && !member->engines[i].has_listed)
            return;
    member->due.listing = now.boot_ms; /* after the letters, which the timer takes first */
    member_arm(member, now);
}

/* One that is well, and could not tell all, will not tell more. */
static void
hear_all(struct member_engine *at, bool is_whole)
{
    struct engine_state state = {.is_well = is_whole};

    if (at->is_heard || at->engine == NULL)
        return;
    if (!is_whole)
        at->engine->kind->state(at->engine, &state);
    at->is_heard = state.is_well;
    member_arm(at->member, time_of(at->member)); /* its timer takes the letters, then goes on */
}

static void
on_complete(void *arg, enum record_kind kind, bool is_whole)
{
    struct member_engine *at = arg;
    struct member *member = at->member;
    struct ring_time now = time_of(member);
    bool is_over = true;

    if (kind == RECORD_KEYS) {
        at->is_keys_asked = false;
        at->has_listed |= is_whole;
        at->is_all_told |= is_whole;
        hear_all(at, is_whole);
        if (member->is_listing)
            end_listing(member, now);
        if (!at->is_heard && member->due.again == MEMBER_NEVER) {
            member->due.again = now.boot_ms + MEMBER_RETRY_MS; /* or we never speak: R-MEMBER-1 */
        }
        member_arm(member, now);
        return;
    }
    at->is_asked = false;
    member->look.is_whole |= is_whole;
    for (size_t i = 0; i < member->engine_count; i++)
        is_over &= !member->engines[i].is_asked;
    if (member->look.is_on && is_over)
        member_end_look(member, now);
    member_arm(member, now);
}

const struct engine_events member_hears = {
    .record = on_record, .complete = on_complete, .state = member_hear_state};
