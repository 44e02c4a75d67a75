/* see writer.h: a keyset into a ring */
#include <stdlib.h>
#include <string.h>

#include "ring/plan.h"
#include "ring/words.h"
#include "ring/writer.h"

/* What is to change in a ring, found before any of it is, so that nothing is looked at twice. */
struct update {
    const struct plan *plan;
    const struct key **puts; /* keys that it has not, or has otherwise */
    size_t put_count;
    uint8_t (*drops)[KEY_NAME_LEN]; /* names that it is to lose */
    size_t drop_count;
    bool is_state_new;
};

static void
update_free(struct update *update)
{
    free(update->puts);
    free(update->drops);
}

/* What is public first: it is where slots differ. */
static bool
is_same_slot(const struct image_slot *a, const struct image_slot *b)
{
    const size_t from = offsetof(struct image_slot, open_until);

    return memcmp(&a->open_until, &b->open_until, sizeof *a - from) == 0 &&
           secret_equal(&a->secret, &b->secret, sizeof a->secret);
}

/* Find the puts; *kept becomes the number of slots in the ring that stay, these or others. */
static void
find_puts(struct update *update, size_t *kept, const struct image_half *half)
{
    const struct plan *plan = update->plan;
    IMAGE_SLOT(there);
    IMAGE_SLOT(slot);

    for (size_t i = 0; i < plan->set->key_count; i++) {
        const struct key *key = &plan->set->keys[i];
        uint32_t bucket;
        bool found;

        if (!plan_wants(plan, key))
            continue;
        found = image_seek(half, &bucket, key->name) && image_at(half, &there, bucket);
        *kept += found;
        plan_slot(plan, &slot, key);
        if (!found || !is_same_slot(&slot, &there))
            update->puts[update->put_count++] = key;
    }
}

/* The ring holds `count` slots that do not stay. */
static void
find_drops(struct update *update, size_t count, const struct image_half *half)
{
    IMAGE_SLOT(slot);

    for (uint32_t i = 0; i < half->buckets && update->drop_count < count; i++) {
        const struct key *key;

        if (!image_at(half, &slot, i))
            continue;
        key = keyset_find(update->plan->set, slot.name);
        if (key == NULL || !plan_wants(update->plan, key))
            memcpy(update->drops[update->drop_count++], slot.name, sizeof slot.name);
    }
}

/* True if the rest is another, its time of writing left aside. */
static bool
differs(const struct image_state *old, const struct plan *plan)
{
    struct image_state state = plan->state;

    state.count = old->count;
    state.written_at = old->written_at;
    return memcmp(&state, old, sizeof state) != 0;
}

/* False where there is no memory. */
static bool
update_find(struct update *update, const struct image_half *half, const struct image_state *old)
{
    size_t kept = 0, gone;

    update->puts = calloc(update->plan->set->key_count + 1, sizeof(const struct key *));
    if (update->puts == NULL)
        return false;
    update->is_state_new = differs(old, update->plan);
    find_puts(update, &kept, half);
    gone = old->count > kept ? (size_t)old->count - kept : 0;
    if (gone == 0)
        return true;
    gone = gone < half->buckets ? gone : half->buckets; /* a sound ring counts right */
    update->drops = calloc(gone, sizeof *update->drops);
    if (update->drops == NULL)
        return false;
    find_drops(update, gone, half);
    return true;
}

static bool
fill(struct image_half *half, const void *arg)
{
    const struct update *update = arg;
    IMAGE_SLOT(slot);

    for (size_t i = 0; i < update->drop_count; i++)
        (void)image_drop(half, update->drops[i]); /* is there, unless somebody else wrote */
    for (size_t i = 0; i < update->put_count; i++) {
        plan_slot(update->plan, &slot, update->puts[i]);
        if (!image_put(half, &slot))
            return false;
    }
    image_set(half, &update->plan->state);
    return true;
}

static bool
carry_out(struct image *image, const struct plan *plan, const struct image_state *old,
          struct err *err)
{
    __attribute__((cleanup(update_free))) struct update update = {.plan = plan};

    if (!update_find(&update, image_current(image), old))
        return err_set(err, "the ring: no memory");
    if (update.put_count == 0 && update.drop_count == 0 && !update.is_state_new)
        return true;
    return image_change(image, fill, &update) ||
           err_set(err, "the ring has no room: its keys' names are not random");
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
    if (!carry_out(&writer->image, &plan, &old, err))
        return false;
    writer->is_new = false;
    writer->flip = word_load(&writer->image.header->flip);
    tell_cutoff(&plan, half->capacity, err);
    return true;
}
