/* What is in the datagrams of the peers engine; see peers_inner.h */
#include "base/bytes.h"
#include "share/peers_inner.h"

#define WANTS_STATUSES 1U

_Static_assert(26 + PEERS_PART_LEN <= DATAGRAM_BODY_MAX, "a part fits");
_Static_assert(26 + 16 * PEERS_PAIRS_MAX <= DATAGRAM_BODY_MAX, "a summary fits");

size_t
peers_part_write(uint8_t *body, const struct peers_part *part)
{
    struct writer w = writer_of(body, DATAGRAM_BODY_MAX);

    write_u8(&w, part->kind == RECORD_STATUS ? PEERS_STATUS : PEERS_PART);
    write_u8(&w, (uint8_t)part->kind);
    write_u64(&w, part->sender);
    write_u64(&w, part->sequence);
    write_u32(&w, part->total);
    write_u32(&w, part->at);
    write_bytes(&w, part->bytes, part->len);
    return w.len;
}

size_t
peers_summary_write(uint8_t *body, const struct peers_summary *summary)
{
    struct writer w = writer_of(body, DATAGRAM_BODY_MAX);

    write_u8(&w, PEERS_SUMMARY);
    write_u8(&w, summary->wants_statuses ? WANTS_STATUSES : 0);
    write_u64(&w, summary->digest);
    write_u64(&w, summary->first);
    write_u64(&w, summary->last);
    for (size_t i = 0; i < summary->count; i++) {
        write_u64(&w, summary->pairs[i].sender);
        write_u64(&w, summary->pairs[i].sequence);
    }
    return w.len;
}

static bool
read_part(struct peers_part *part, enum record_kind kind, struct reader *r)
{
    uint8_t said = read_u8(r);

    part->sender = read_u64(r);
    part->sequence = read_u64(r);
    part->total = read_u32(r);
    part->at = read_u32(r);
    part->len = r->left;
    part->bytes = read_bytes(r, r->left);
    if (r->failed || said != kind)
        return false;
    part->kind = kind;
    return part->sender != 0 && part->sender != UINT64_MAX && part->total <= RECORD_MAX &&
           part->at < part->total && part->at % PEERS_PART_LEN == 0 &&
           (part->len == PEERS_PART_LEN
                ? part->len <= part->total - part->at
                : part->len == part->total - part->at && part->len < PEERS_PART_LEN);
}

/* The pairs are in order, and in the range. */
static bool
read_summary(struct peers_summary *summary, struct reader *r)
{
    uint64_t least;

    summary->wants_statuses = (read_u8(r) & WANTS_STATUSES) != 0;
    summary->digest = read_u64(r);
    least = summary->first = read_u64(r);
    summary->last = read_u64(r);
    summary->count = r->left / 16;
    if (r->failed || r->left % 16 != 0 || summary->count > PEERS_PAIRS_MAX ||
        summary->first > summary->last)
        return false;
    for (size_t i = 0; i < summary->count; i++) {
        struct peers_pair *pair = &summary->pairs[i];

        *pair = (struct peers_pair){.sender = read_u64(r)};
        pair->sequence = read_u64(r);
        if (pair->sender < least || pair->sender > summary->last || pair->sender == UINT64_MAX)
            return false;
        least = pair->sender + 1;
    }
    return true;
}

enum peers_type
peers_read(struct peers_part *part, struct peers_summary *summary, const uint8_t *body, size_t len)
{
    struct reader r = reader_of(body, len);

    switch (read_u8(&r)) {
    case PEERS_PART: return read_part(part, RECORD_KEYS, &r) ? PEERS_PART : PEERS_NOTHING;
    case PEERS_STATUS: return read_part(part, RECORD_STATUS, &r) ? PEERS_STATUS : PEERS_NOTHING;
    case PEERS_SUMMARY: return read_summary(summary, &r) ? PEERS_SUMMARY : PEERS_NOTHING;
    default: return PEERS_NOTHING;
    }
}
