/* Bytes that claim to be an answer of etcd: the first says to what. What is told lies within them,
 * and the texts can be printed. */
#include "fuzz.h"
#include "share/etcd_wire.h"

static void
look(void *arg, const struct etcd_item *item)
{
    uint64_t *sum = arg;

    must(item->key_len > 0 && (!item->is_gone || item->len == 0));
    for (size_t i = 0; i < item->key_len; i++)
        *sum += (uint8_t)item->key[i];
    for (size_t i = 0; i < item->len; i++)
        *sum += item->bytes[i];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct etcd_reply reply = {.has_more = false};
    uint64_t sum = 0;

    if (len == 0)
        return 0;
    if (data[0] % 3 == 0)
        (void)etcd_wire_read_range(&reply, data + 1, len - 1, look, &sum);
    else if (data[0] % 3 == 1)
        (void)etcd_wire_read_put(&reply, data + 1, len - 1);
    else
        (void)etcd_wire_read_watch(&reply, data + 1, len - 1, look, &sum);
    must(reply.point.revision >= 0 && memchr(reply.reason, 0, sizeof reply.reason) != NULL);
    for (const char *at = reply.reason; *at != 0; at++)
        must(*at >= ' ' && *at < 0x7f);
    return 0;
}
