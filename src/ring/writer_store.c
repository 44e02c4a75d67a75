/* see writer.h: a keyset into a ring */
#include <string.h>

#include "ring/plan.h"
#include "ring/writer.h"

/* True if the ring holds this very slot. */
static bool
holds(const struct image_half *half, const struct image_slot *slot)
{
    uint32_t bucket;
    IMAGE_SLOT(there);

    return image_seek(half, &bucket, slot->name) && image_at(half, &there, bucket) &&
           secret_equal(&there, slot, sizeof there);
}

/* True if nothing but the time of writing would change. */
static bool
is_stored(const struct image_half *half, const struct plan *plan)
{
    struct image_state state;
    IMAGE_SLOT(slot);

    image_get(half, &state);
    if (state.count != plan->wanted)
        return false;
    state.count = plan->state.count;
    state.written_at = plan->state.written_at;
    if (!secret_equal(&state, &plan->state, sizeof state))
        return false;
    for (size_t i = 0; i < plan->set->key_count; i++) {
        const struct key *key = &plan->set->keys[i];

        if (!plan_wants(plan, key))
            continue;
        plan_slot(plan, &slot, key);
        if (!holds(half, &slot))
            return false;
    }
    return true;
}

/* A drop may move the next slot into the bucket that is looked at: so a bucket is done when it is
 * empty or holds what stays. What moves round the end was looked at before. */
static void
drop_unwanted(struct image_half *half, const struct plan *plan)
{
    IMAGE_SLOT(slot);

    for (uint32_t i = 0; i < half->buckets; i++) {
        while (image_at(half, &slot, i)) {
            const struct key *key = keyset_find(plan->set, slot.name);

            if (key != NULL && plan_wants(plan, key))
                break;
            if (!image_drop(half, slot.name))
                break; /* cannot be, unless somebody else wrote */
        }
    }
}

static bool
fill(struct image_half *half, const void *arg)
{
    const struct plan *plan = arg;
    IMAGE_SLOT(slot);

    drop_unwanted(half, plan);
    for (size_t i = 0; i < plan->set->key_count; i++) {
        const struct key *key = &plan->set->keys[i];

        if (!plan_wants(plan, key))
            continue;
        plan_slot(plan, &slot, key);
        if (!image_put(half, &slot))
            return false;
    }
    image_set(half, &plan->state);
    return true;
}

/* Keys that are left out are worth a word; names of revoked ones are not. */
static void
tell_cutoff(const struct plan *plan, uint32_t capacity, struct err *err)
{
    enum plan_worth worth = plan->cutoff == NULL ? PLAN_NAME : plan_worth(plan, plan->cutoff);

    if (worth != PLAN_NAME)
        err_set(
            err, "the ring holds %u keys and there are more: %s are left out; raise its capacity",
            capacity,
            worth == PLAN_OWN ? "those that end soonest" : "those of other hosts that end soonest");
}

bool
ring_writer_store(struct ring_writer *writer, const struct keyset *set, const struct policy *policy,
                  uint64_t maker, struct ring_time now, struct err *err)
{
    const struct image_half *half = image_current(&writer->image);
    struct plan plan = {.set = set, .policy = policy, .maker = maker, .now_s = now.boot_ms / 1000};
    struct image_state old;

    image_get(half, &old);
    plan.offset_ms = now.unix_ms - now.boot_ms;
    if (old.written_at != 0)
        plan.offset_ms = plan_offset_ms(old.unix_offset_ms, plan.offset_ms);
    if (!plan_make(&plan, half->capacity))
        return err_set(err, "the ring: no memory");
    if (!is_stored(half, &plan) && !image_change(&writer->image, fill, &plan))
        return err_set(err, "the ring has no room: its keys' names are not random");
    writer->is_new = false;
    tell_cutoff(&plan, half->capacity, err);
    return true;
}
