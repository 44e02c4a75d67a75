/* The body of a datagram that a member sealed who may be mad: what is read is in bounds and in
 * order, and is written as it was; parts are put together to no more than they say. */
#include "fuzz.h"
#include "share/peers_inner.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t again[DATAGRAM_BODY_MAX];
    struct peers_piles piles = {.items = NULL};
    struct peers_part part;
    struct peers_summary summary;

    switch (len > DATAGRAM_BODY_MAX ? PEERS_NOTHING : peers_read(&part, &summary, data, len)) {
    case PEERS_PART:
    case PEERS_STATUS:
        must(peers_part_write(again, &part) == len && memcmp(again, data, len) == 0);
        (void)peers_pile_add(&piles, &part, 1); /* whole or not */
        (void)peers_pile_add(&piles, &part, 2); /* again */
        must(piles.bytes <= RECORD_MAX);
        break;
    case PEERS_SUMMARY:
        must(peers_summary_write(again, &summary) == len);
        again[1] = data[1]; /* flags of later versions */
        must(memcmp(again, data, len) == 0);
        break;
    case PEERS_NOTHING:
    default: break;
    }
    peers_pile_free(&piles);
    return 0;
}
