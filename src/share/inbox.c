/* see inbox.h */
#include "share/inbox.h"

#include <string.h>

#include "base/bytes.h"
#include "keys/items.h"

#define KIND_AT 8 /* in a name */

void
inbox_init(struct inbox *inbox, struct farm *farm, const char *keyset, uint64_t host)
{
    struct writer w;

    *inbox = (struct inbox){.farm = farm, .host = host, .engine = INBOX_NO_ENGINE};
    w = writer_of(inbox->keyset, sizeof inbox->keyset - 1);
    write_bytes(&w, keyset, strnlen(keyset, sizeof inbox->keyset)); /* too long a one: "" */
}

void
inbox_free(struct inbox *inbox)
{
    items_free(inbox->seen, inbox->seen_cap, sizeof *inbox->seen);
    index_free(&inbox->index);
    *inbox = (struct inbox){.farm = NULL};
}

static struct inbox_seen
seen_of(uint64_t sender, enum record_kind kind, uint64_t sequence)
{
    struct inbox_seen seen = {.sequence = sequence};
    struct writer w = writer_of(seen.name, sizeof seen.name);

    write_u64(&w, sender);
    write_u8(&w, (uint8_t)kind);
    return seen;
}

/* This sender's; NULL: there is none. */
static struct inbox_seen *
find(const struct inbox *inbox, const struct inbox_seen *seen)
{
    size_t place = index_find(&inbox->index, inbox->seen, sizeof *inbox->seen, seen->name);

    return place != SIZE_MAX ? &inbox->seen[place] : NULL;
}

static bool
is_ahead(uint64_t sequence, uint64_t now_ms)
{
    return sequence > now_ms && sequence - now_ms > KEY_SKEW_MS;
}

/* NULL: none was taken that counts. */
static struct inbox_seen *
last_of(const struct inbox *inbox, uint64_t sender, enum record_kind kind, uint64_t now_ms)
{
    const struct inbox_seen wanted = seen_of(sender, kind, 0);
    struct inbox_seen *seen = find(inbox, &wanted);

    return seen != NULL && !is_ahead(seen->sequence, now_ms) ? seen : NULL;
}

uint64_t
inbox_last(const struct inbox *inbox, uint64_t sender, enum record_kind kind, uint64_t now_ms)
{
    const struct inbox_seen *last = last_of(inbox, sender, kind, now_ms);

    return last == NULL ? 0 : last->sequence;
}

/* The engine brought this one. False: it had brought a newer one before. */
static bool
note_brought(const struct inbox *inbox, struct inbox_seen *seen, uint64_t sequence)
{
    if (inbox->engine >= INBOX_ENGINES_MAX)
        return sequence >= seen->sequence;
    if (sequence < seen->brought[inbox->engine])
        return false;
    seen->brought[inbox->engine] = sequence;
    return true;
}

/* All that can be said without the seal, so that most of what is of no use costs little. */
static enum record_verdict
judge(const struct inbox *inbox, const struct record_head *head, enum record_kind kind,
      uint64_t now_ms)
{
    struct inbox_seen *last = last_of(inbox, head->sender, head->kind, now_ms);
    bool is_back = inbox->lets_back && head->sender == inbox->host;

    if (memcmp(head->farm, inbox->farm->id, sizeof head->farm) != 0)
        return RECORD_FARM;
    if (strcmp(head->keyset, inbox->keyset) != 0)
        return RECORD_KEYSET;
    if (head->kind != kind)
        return RECORD_KIND;
    if (is_ahead(head->sequence, now_ms))
        return RECORD_AHEAD;
    if (farm_day_of(head->sequence) < inbox->farm->first.number)
        return RECORD_DAY_OVER;
    if (last != NULL && head->sequence <= last->sequence && !is_back)
        return note_brought(inbox, last, head->sequence) ? RECORD_KNOWN : RECORD_ROLLED_BACK;
    return RECORD_OPENED;
}

/* Of another record it is another. */
static uint64_t
tag_of(const uint8_t *bytes, size_t len)
{
    struct reader r = reader_of(bytes + len - sizeof(uint64_t), sizeof(uint64_t));

    return read_u64(&r);
}

static struct inbox_early *
find_early(struct inbox *inbox, uint64_t tag)
{
    for (size_t i = 0; i < INBOX_EARLY_MAX && i < inbox->early_count; i++)
        if (inbox->early[i].tag == tag)
            return &inbox->early[i];
    return NULL;
}

/* It is dated ahead, or was when it first came, by our clock as it is set now. */
static bool
came_early(struct inbox *inbox, const struct record_head *head, uint64_t tag, uint64_t now_ms)
{
    const struct inbox_early *early = find_early(inbox, tag);

    if (early != NULL)
        return is_ahead(head->sequence, early->boot_ms + inbox->offset_ms);
    if (!is_ahead(head->sequence, now_ms))
        return false;
    inbox->early[inbox->early_count++ % INBOX_EARLY_MAX] =
        (struct inbox_early){tag, now_ms - inbox->offset_ms};
    return true;
}

static enum record_verdict
counted(struct inbox *inbox, enum record_verdict verdict)
{
    inbox->counts[verdict]++;
    return verdict;
}

enum record_verdict
inbox_open(struct inbox *inbox, struct secret_buf *content, struct record_head *head,
           enum record_kind kind, const uint8_t *bytes, size_t len, uint64_t now_ms)
{
    struct record_head read;
    enum record_verdict verdict = record_peek(&read, bytes, len);

    if (verdict == RECORD_OPENED)
        verdict = judge(inbox, &read, kind, now_ms);
    if (kind == RECORD_KEYS && (verdict == RECORD_OPENED || verdict == RECORD_AHEAD) &&
        came_early(inbox, &read, tag_of(bytes, len), now_ms))
        verdict = RECORD_AHEAD;
    if (verdict == RECORD_OPENED)
        verdict = record_unseal(content, head, inbox->farm, bytes, len);
    return verdict == RECORD_OPENED ? verdict : counted(inbox, verdict);
}

/* What is of a day that is over cannot come again, so it need not be remembered. */
static bool
is_over(const void *item, uint64_t oldest_day)
{
    return farm_day_of(((const struct inbox_seen *)item)->sequence) < oldest_day;
}

static enum record_verdict
remember(struct inbox *inbox, const struct inbox_seen *fresh, uint64_t now_ms)
{
    struct inbox_seen *seen = find(inbox, fresh);

    if (seen != NULL) {
        if (is_ahead(seen->sequence, now_ms))
            *seen = *fresh;
        else if (seen->sequence < fresh->sequence)
            seen->sequence = fresh->sequence;
        (void)note_brought(inbox, seen, fresh->sequence); /* one of before may be taken late */
        return RECORD_OPENED;
    }
    if (inbox->seen_count >= INBOX_SENDERS_MAX &&
        items_drop(inbox->seen, &inbox->seen_count, sizeof *inbox->seen, is_over,
                   inbox->farm->first.number))
        index_renew(&inbox->index, inbox->seen, inbox->seen_count, sizeof *inbox->seen);
    if (inbox->seen_count >= INBOX_SENDERS_MAX)
        return RECORD_FULL;
    seen = items_reserve(inbox->seen, inbox->seen_count, &inbox->seen_cap, sizeof *seen, 1);
    if (seen == NULL)
        return RECORD_FAILED;
    inbox->seen = seen;
    if (!index_reserve(&inbox->index, seen, inbox->seen_count, sizeof *seen))
        return RECORD_FAILED;
    seen[inbox->seen_count] = *fresh;
    index_add(&inbox->index, seen, inbox->seen_count++, sizeof *seen);
    return RECORD_OPENED;
}

enum record_verdict
inbox_take(struct inbox *inbox, const struct record_head *head, uint64_t now_ms)
{
    struct inbox_seen seen = seen_of(head->sender, head->kind, head->sequence);

    (void)note_brought(inbox, &seen, head->sequence); /* nothing was brought before */
    if (head->sender != inbox->host)
        farm_saw(inbox->farm, farm_day_of(head->sequence));
    return counted(inbox, remember(inbox, &seen, now_ms));
}

void
inbox_let_again(struct inbox *inbox)
{
    const struct inbox_seen ours = seen_of(inbox->host, RECORD_KEYS, 0);

    for (size_t i = 0; i < inbox->seen_count; i++) {
        struct inbox_seen *seen = &inbox->seen[i];

        if (seen->name[KIND_AT] == RECORD_KEYS && seen->sequence > 0 &&
            memcmp(seen->name, ours.name, sizeof ours.name) != 0)
            seen->sequence--;
    }
}

void
inbox_refuse(struct inbox *inbox, enum record_verdict verdict)
{
    (void)counted(inbox, verdict); /* which the caller knows */
}
