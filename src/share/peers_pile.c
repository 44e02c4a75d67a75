/* Records of which parts are missing; see peers_inner.h */
#include <stdlib.h>
#include <string.h>

#include "share/peers_inner.h"

static void
clear(struct peers_piles *piles, struct peers_pile *pile)
{
    piles->bytes -= pile->bytes == NULL ? 0 : pile->len;
    free(pile->bytes);
    *pile = (struct peers_pile){.len = 0};
}

static bool
is_of(const struct peers_pile *pile, const struct peers_part *part)
{
    return pile->kind == part->kind && pile->sender == part->sender &&
           pile->sequence == part->sequence && pile->len == part->total;
}

/* A free one, or else the one that waits longest. */
static struct peers_pile *
pick(struct peers_piles *piles)
{
    struct peers_pile *best = &piles->items[0];

    for (size_t i = 0; i < PEERS_PILES; i++) {
        struct peers_pile *pile = &piles->items[i];
        bool is_free = pile->bytes == NULL;

        if (is_free || pile->touched_ms < best->touched_ms)
            best = pile;
        if (is_free)
            break;
    }
    return best;
}

/* Room for so much more, at the expense of those that wait longest. */
static void
make_room(struct peers_piles *piles, size_t len)
{
    while (piles->bytes + len > PEERS_PILES_BYTES_MAX) {
        struct peers_pile *oldest = NULL;

        for (size_t i = 0; i < PEERS_PILES; i++) {
            struct peers_pile *pile = &piles->items[i];

            if (pile->bytes != NULL && (oldest == NULL || pile->touched_ms < oldest->touched_ms))
                oldest = pile;
        }
        if (oldest == NULL)
            return;
        clear(piles, oldest);
    }
}

static struct peers_pile *
begin(struct peers_piles *piles, const struct peers_part *part)
{
    struct peers_pile *pile = pick(piles);
    uint8_t *bytes;

    clear(piles, pile);
    make_room(piles, part->total);
    bytes = malloc(part->total);
    if (bytes == NULL)
        return NULL;
    *pile = (struct peers_pile){.kind = part->kind,
                                .sender = part->sender,
                                .sequence = part->sequence,
                                .bytes = bytes,
                                .len = part->total,
                                .missing = (part->total - 1) / PEERS_PART_LEN + 1};
    piles->bytes += part->total;
    return pile;
}

const uint8_t *
peers_pile_add(struct peers_piles *piles, const struct peers_part *part, uint64_t now_ms)
{
    size_t number = part->at / PEERS_PART_LEN;
    uint8_t bit = (uint8_t)(1U << number % 8);
    struct peers_pile *pile = NULL;

    if (part->len == part->total)
        return part->bytes;
    if (piles->items == NULL)
        piles->items = calloc(PEERS_PILES, sizeof *piles->items);
    for (size_t i = 0; piles->items != NULL && i < PEERS_PILES; i++) {
        if (piles->items[i].missing == 0)
            clear(piles, &piles->items[i]);
        else if (is_of(&piles->items[i], part))
            pile = &piles->items[i];
    }
    if (pile == NULL && piles->items != NULL)
        pile = begin(piles, part);
    if (pile == NULL)
        return NULL; /* no memory: it will come again */
    pile->touched_ms = now_ms;
    if ((pile->has[number / 8] & bit) == 0) {
        memcpy(pile->bytes + part->at, part->bytes, part->len);
        pile->has[number / 8] |= bit;
        pile->missing--;
    }
    return pile->missing == 0 ? pile->bytes : NULL;
}

void
peers_pile_free(struct peers_piles *piles)
{
    for (size_t i = 0; piles->items != NULL && i < PEERS_PILES; i++)
        free(piles->items[i].bytes);
    free(piles->items);
    *piles = (struct peers_piles){.items = NULL};
}
