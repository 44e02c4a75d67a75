/* Anything may stand where a ring should be: readers and the next writer stay within it, come to an
 * end, and give no key that is nameless, of zeros or over. Input: the length of the mapping (u32),
 * then words (index u16, value u64) to put into a well-formed ring that has two keys. */
#include "base/bytes.h"
#include "fuzz.h"
#include "ring/lookup.h"
#include "ring/writer.h"

#define CAPACITY 16
#define NOW_S 1000U /* ring time; Unix time is the same */

static const uint8_t boot_id[16] = "boot";

static bool
fill(struct image_half *half, const void *arg)
{
    const struct image_slot *slots = arg;
    struct image_state state = {.seal_count = 1, .seals = {{0, 2000, "the first name.."}}};
    bool put = image_put(half, &slots[0]) && image_put(half, &slots[1]);

    image_set(half, &state);
    return put;
}

static void
read_ring(const struct image *image)
{
    uint64_t times[] = {0, NOW_S, UINT64_MAX};

    for (size_t i = 0; i < 3; i++) {
        enum stek_event miss;
        int renew;
        STEK_KEY(key);
        STEK_INFO(info);

        if (lookup_sealing(image, &key, times[i]) == STEK_OK)
            must(times[i] < key.seal_until && times[i] < key.open_until);
        if (lookup_opening(image, &key, &renew, &miss, (const uint8_t *)"the first name..",
                           times[i]) == STEK_OK)
            must(memcmp(key.name, "the first name..", 16) == 0 && times[i] < key.open_until);
        (void)lookup_opening(image, &key, &renew, &miss, (const uint8_t *)"not there.......", 1);
        if (lookup_info(image, &info, times[i]) == STEK_OK)
            must(info.keys <= CAPACITY && info.sealing <= 1);
    }
}

static void
write_ring(const struct image *image)
{
    struct ring_writer writer = {.file.fd = -1, .image = *image};
    struct policy policy = {.rotate_s = 60, .lifetime_s = 60, .max_session_s = 60};
    struct ring_time now = {.boot_ms = NOW_S * 1000U, .unix_ms = NOW_S * 1000U};
    size_t len = image_len(CAPACITY) / 2 - RING_HEADER_LEN / 2;
    KEYSET(set);
    KEYSET(again);

    (void)image_repair(&writer.image); /* whether it mended does not matter here */
    (void)ring_writer_load(&writer, &set, now.unix_ms, NULL);
    must(ring_writer_store(&writer, &set, &policy, 0, now, NULL));
    must(memcmp(writer.image.half[0].head, writer.image.half[1].head, len) == 0);
    must(image_repair(&writer.image));
    must(ring_writer_load(&writer, &again, now.unix_ms, NULL));
    must(again.key_count <= set.key_count && again.key_count <= CAPACITY);
    read_ring(&writer.image);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    struct image_slot slots[2] = {{.name = "the first name..", .open_until = 3000},
                                  {.name = "another name....", .open_until = 3000}};
    size_t whole = image_len(CAPACITY), len;
    struct reader input = reader_of(data, data_len);
    ring_word *ring = aligned_alloc(64, whole);
    struct image image;
    void *mapped;

    len = read_u32(&input) % (whole + 65);
    mapped = aligned_alloc(64, (len + 63) / 64 * 64);
    must(ring != NULL && mapped != NULL);
    slots[0].seal_until = 2000;
    memset(slots[0].secret.bytes, 's', 16);
    memset(ring, 0, whole); /* allowed: no secret */
    image_format(&image, ring, CAPACITY, boot_id);
    must(image_change(&image, fill, slots));
    while (input.left >= 10) {
        uint16_t at = read_u16(&input);

        ring[at % (whole / sizeof *ring)] = read_u64(&input);
    }
    memset(mapped, 0, (len + 63) / 64 * 64); /* allowed: no secret */
    memcpy(mapped, ring, len < whole ? len : whole);
    if (image_open(&image, mapped, len, boot_id) == IMAGE_OK) {
        must(len == whole);
        read_ring(&image);
        write_ring(&image);
    }
    free(mapped);
    free(ring);
    return 0;
}
