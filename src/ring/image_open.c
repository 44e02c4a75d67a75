/* see image.h: sizes, and what is checked before a mapping is used */
#include "ring/image_half.h"

uint32_t
image_buckets(uint32_t capacity)
{
    uint32_t buckets = 1;

    while (buckets / 2 < capacity)
        buckets *= 2;
    return buckets;
}

static size_t
len_of(uint32_t buckets)
{
    return RING_HEADER_LEN +
           2 * (RING_HALF_HEADER_LEN +
                (size_t)buckets * (sizeof(struct ring_slot) + sizeof(struct ring_more)));
}

size_t
image_len(uint32_t capacity)
{
    return len_of(image_buckets(capacity));
}

uint32_t
image_capacity(size_t len)
{
    for (uint32_t capacity = RING_CAPACITY_MIN; capacity <= RING_CAPACITY_MAX; capacity *= 2)
        if (image_len(capacity) == len)
            return capacity;
    return 0;
}

struct image
image_lay_out(void *base, uint32_t capacity, uint32_t buckets)
{
    size_t half_len = (len_of(buckets) - RING_HEADER_LEN) / 2;
    struct image image = {.header = base};
    unsigned shift = 64;

    for (uint32_t rest = buckets; rest > 1; rest /= 2)
        shift--;
    for (size_t i = 0; i < 2; i++) {
        uint8_t *at = (uint8_t *)base + RING_HEADER_LEN + i * half_len;
        struct image_half *half = &image.half[i];

        *half = (struct image_half){.capacity = capacity, .buckets = buckets, .shift = shift};
        half->head = (struct ring_half *)(void *)at;
        half->slots = (struct ring_slot *)(void *)(at + RING_HALF_HEADER_LEN);
        half->more = (struct ring_more *)(void *)(half->slots + buckets);
    }
    return image;
}

/* What the header says must be exactly what a ring of its capacity is like. */
static bool
has_shape(const struct ring_header *header, uint64_t capacity, size_t len)
{
    uint32_t buckets;

    if (word_load(&header->version) >> 32 != RING_MAJOR || word_load(&header->shape) != RING_SHAPE)
        return false;
    if (capacity < RING_CAPACITY_MIN || capacity > RING_CAPACITY_MAX)
        return false;
    buckets = image_buckets((uint32_t)capacity);
    return word_load(&header->buckets) == buckets && len_of(buckets) == len &&
           word_load(&header->file_len) == len &&
           word_load(&header->half_len) == (len - RING_HEADER_LEN) / 2;
}

enum image_check
image_open(struct image *image, void *base, size_t len, const uint8_t boot_id[16])
{
    const struct ring_header *header = base;
    uint64_t magic, capacity, id[2];

    if (base == NULL || len < RING_HEADER_LEN)
        return IMAGE_FOREIGN;
    magic = atomic_load_explicit(&header->magic, memory_order_acquire);
    if (magic != RING_MAGIC)
        return magic == 0 ? IMAGE_EMPTY : IMAGE_FOREIGN;
    capacity = word_load(&header->capacity); /* once: what was checked is what is used */
    if (!has_shape(header, capacity, len))
        return IMAGE_FOREIGN;
    *image = image_lay_out(base, (uint32_t)capacity, image_buckets((uint32_t)capacity));
    memcpy(id, boot_id, sizeof id);
    if (word_load(&header->boot_id[0]) != id[0] || word_load(&header->boot_id[1]) != id[1])
        return IMAGE_OLD_BOOT;
    return IMAGE_OK;
}
