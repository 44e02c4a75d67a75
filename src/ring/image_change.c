/* see image.h: what the writer does to the whole ring. All of it is word_put() and word_release(),
 * in an order in which it may end anywhere. */
#include "ring/image_half.h"

const struct image_half *
image_current(const struct image *image)
{
    return &image->half[word_load(&image->header->flip) & 1];
}

/* Word by word, so that readers of a half that is the same already are not disturbed. */
static void
copy_half(struct image_half *to, const struct image_half *from)
{
    ring_word *words = (ring_word *)to->head;
    const ring_word *source = (const ring_word *)from->head;

    for (size_t i = 0; i < image_half_len(to) / sizeof *words; i++)
        word_put(&words[i], word_load(&source[i]));
}

/* From here on readers get the idle half, and the other is the idle one. */
static void
flip_halves(struct image *image)
{
    word_release(&image->header->flip, word_load(&image->header->flip) + 1);
    WORD_FENCE(memory_order_release);
}

static void
set_dirty(struct image *image, uint64_t dirty)
{
    word_release(&image->header->dirty, dirty);
    WORD_FENCE(memory_order_release);
}

static bool
empty_half(struct image_half *half, const void *arg)
{
    ring_word *words = (ring_word *)half->head;

    (void)arg; /* as image_change() calls it */
    for (size_t i = 0; i < image_half_len(half) / sizeof *words; i++)
        word_put(&words[i], 0);
    return true;
}

bool
image_change(struct image *image, image_fill_fn *fill, const void *arg)
{
    unsigned now = (unsigned)(word_load(&image->header->flip) & 1);
    struct image_half *idle = &image->half[now ^ 1], *old = &image->half[now];
    bool filled;

    set_dirty(image, 1);
    filled = fill(idle, arg);
    if (filled) {
        flip_halves(image);
        if (!fill(old, arg)) /* cannot be, unless somebody else wrote: both are equal at rest */
            copy_half(old, idle);
    } else {
        copy_half(idle, old);
    }
    set_dirty(image, 0);
    return filled;
}

/* True if every slot can be found by its name, and the count is right. */
static bool
is_sound(const struct image_half *half)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < half->buckets; i++) {
        uint64_t name[2] = {word_load(&half->slots[i].name[0]), word_load(&half->slots[i].name[1])};

        if (name[0] == 0 && name[1] == 0)
            continue;
        if (image_probe(half, name) != i)
            return false;
        count++;
    }
    return count <= half->capacity && count == word_load(&half->head->count);
}

/* Into `half`, all that a lookup can find, and some that it could not, of `from`. */
static void
rebuild(struct image_half *half, const struct image_half *from)
{
    struct image_state state;
    IMAGE_SLOT(slot);

    (void)empty_half(half, NULL); /* emptying cannot fail */
    for (uint32_t i = 0; i < from->buckets; i++)
        if (image_at(from, &slot, i))
            (void)image_put(half, &slot); /* what has no room in a damaged ring is lost */
    image_get(from, &state);
    image_set(half, &state);
}

bool
image_repair(struct image *image)
{
    unsigned now = (unsigned)(word_load(&image->header->flip) & 1);
    bool sound = is_sound(&image->half[now]);

    set_dirty(image, 1);
    if (!sound) {
        rebuild(&image->half[now ^ 1], &image->half[now]);
        flip_halves(image);
        now ^= 1;
    }
    copy_half(&image->half[now ^ 1], &image->half[now]);
    set_dirty(image, 0);
    return sound;
}

void
image_clear(struct image *image, const uint8_t boot_id[16])
{
    uint64_t id[2];

    memcpy(id, boot_id, sizeof id);
    (void)image_change(image, empty_half, NULL); /* emptying cannot fail */
    /* Between these two words the ring is of no boot at all: no reader takes it. */
    word_put(&image->header->boot_id[0], id[0]);
    word_put(&image->header->boot_id[1], id[1]);
}

void
image_format(struct image *image, void *base, uint32_t capacity, const uint8_t boot_id[16])
{
    struct ring_header *header = base;
    size_t len = image_len(capacity);
    uint64_t id[2];

    memcpy(id, boot_id, sizeof id);
    word_release(&header->magic, 0);
    *image = image_lay_out(base, capacity, image_buckets(capacity));
    (void)empty_half(&image->half[0], NULL); /* emptying cannot fail */
    (void)empty_half(&image->half[1], NULL);
    for (size_t i = 1; i < sizeof *header / sizeof(ring_word); i++)
        word_put((ring_word *)base + i, 0);
    word_put(&header->version, RING_VERSION);
    word_put(&header->shape, RING_SHAPE);
    word_put(&header->boot_id[0], id[0]);
    word_put(&header->boot_id[1], id[1]);
    word_put(&header->capacity, capacity);
    word_put(&header->buckets, image->half[0].buckets);
    word_put(&header->half_len, (len - RING_HEADER_LEN) / 2);
    word_put(&header->file_len, len);
    word_release(&header->magic, RING_MAGIC);
}
