/* see network_inner.h: records, and messages on their way */
#include <stdlib.h>
#include <string.h>

#include "keys_support.h"
#include "network_inner.h"

bool
net_record_copy(struct net_record *to, const struct net_record *from)
{
    uint8_t *bytes = NULL;

    if (from->bytes != NULL) {
        bytes = malloc(from->len);
        if (bytes == NULL)
            return false;
        memcpy(bytes, from->bytes, from->len);
    }
    free(to->bytes);
    *to = (struct net_record){bytes, from->len, from->version};
    return true;
}

void
net_record_free(struct net_record *record)
{
    free(record->bytes);
    *record = (struct net_record){.bytes = NULL};
}

static bool
goes_before(const struct net_message *a, const struct net_message *b)
{
    return a->due_ms < b->due_ms || (a->due_ms == b->due_ms && a->order < b->order);
}

static void
push(struct network *network, const struct net_message *message)
{
    size_t at = network->count;

    if (network->count == network->cap) {
        size_t cap = network->cap == 0 ? 256 : 2 * network->cap;
        struct net_message *queue = realloc(network->queue, cap * sizeof *queue);

        if (queue == NULL) {
            (void)world_fail(network->world, "no memory");
            return;
        }
        network->queue = queue;
        network->cap = cap;
    }
    network->count++;
    for (; at > 0 && goes_before(message, &network->queue[(at - 1) / 2]); at = (at - 1) / 2)
        network->queue[at] = network->queue[(at - 1) / 2];
    network->queue[at] = *message;
}

void
net_send(struct network *network, const struct net_message *message, uint64_t more_ms)
{
    struct net_message copy = *message;
    uint64_t most = network->weather.delay_max_ms;

    copy.record = (struct net_record){.bytes = NULL};
    if (!net_record_copy(&copy.record, &message->record)) {
        (void)world_fail(network->world, "no memory");
        return;
    }
    copy.due_ms = network->world->now_ms + more_ms + 1 + rng_below(&network->world->rng, most + 1);
    copy.order = network->orders++;
    push(network, &copy);
}

struct net_message
net_take(struct network *network)
{
    struct net_message first = network->queue[0], last = network->queue[--network->count];
    size_t at = 0;

    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < network->count &&
            goes_before(&network->queue[child + 1], &network->queue[child]))
            child++;
        if (child >= network->count || !goes_before(&network->queue[child], &last))
            break;
        network->queue[at] = network->queue[child];
        at = child;
    }
    network->queue[at] = last;
    return first;
}

uint64_t
network_next_ms(const struct network *network)
{
    return network->count == 0 ? UINT64_MAX : network->queue[0].due_ms;
}
