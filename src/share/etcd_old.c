/* Hosts that are gone for good: what they left in etcd is removed; see etcd_inner.h
 *
 * A host that lives renews its status every half minute. So one whose status is ETCD_OLD_MS old has
 * not lived for so long, and no key that it made opens anything any more: an epoch is 30 days at
 * most, a key is made one and a half epochs before it seals, seals for one, and opens for 7 days
 * more. How late it is say both our own status and the newest of the others', the earlier of the
 * two: so no clock that is wrong alone removes anything. What is not permitted is left. */
#include "share/etcd_inner.h"

_Static_assert(ETCD_OLD_MS > (45 + 30 + 7) * (uint64_t)86400000, "keys are over by then");

void
etcd_old_look(struct etcd_range *range, uint64_t sender, const struct etcd_item *item)
{
    struct record_head head;
    struct etcd_old *last;

    if (item->len > RECORD_MAX || record_peek(&head, item->bytes, item->len) != RECORD_OPENED ||
        head.sender != sender)
        return;
    range->newest = head.sequence > range->newest ? head.sequence : range->newest;
    if (range->old_count == ETCD_OLD_MAX)
        last = &range->old[ETCD_OLD_MAX - 1]; /* any will do */
    else
        last = &range->old[range->old_count];
    if (range->old_count == ETCD_OLD_MAX && last->sequence <= head.sequence)
        return;
    *last = (struct etcd_old){sender, head.sequence, item->revision};
    range->old_count += range->old_count < ETCD_OLD_MAX ? 1 : 0;
}

void
etcd_old_remove(struct etcd *etcd, const struct etcd_range *range)
{
    const struct etcd_own *own = &etcd->own[RECORD_STATUS];
    char status[ETCD_KEY_MAX], keys[ETCD_KEY_MAX];
    struct record_head head;
    struct etcd_bytes message;
    uint64_t now;

    if (etcd->removal != NULL || own->bytes == NULL ||
        record_peek(&head, own->bytes, own->len) != RECORD_OPENED)
        return;
    now = head.sequence < range->newest ? head.sequence : range->newest;
    for (size_t i = 0; i < range->old_count && etcd->removal == NULL; i++) {
        const struct etcd_old *old = &range->old[i];

        if (now < ETCD_OLD_MS || old->sequence > now - ETCD_OLD_MS)
            continue;
        etcd_name_write(status, etcd, &(struct engine_name){RECORD_STATUS, old->sender});
        etcd_name_write(keys, etcd, &(struct engine_name){RECORD_KEYS, old->sender});
        if (etcd_wire_remove(&message, status, old->revision, keys))
            etcd->removal =
                etcd_call(etcd, "/etcdserverpb.KV/Txn", &message, true, etcd_patience_ms(etcd));
    }
}
