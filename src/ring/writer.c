/* see writer.h: the file of a ring */
#include "ring/writer.h"

#include "ring/plan.h"
#include "ring/words.h"

static bool
make_new(struct ring_writer *writer, uint32_t capacity)
{
    writer->is_new = true;
    image_format(&writer->image, writer->file.map.base, capacity, writer->boot_id);
    return true;
}

/* Made, and nothing stored in it: its writer failed or died in between. What a new ring begins with
 * is still to come. */
static bool
is_unused(const struct image *image)
{
    struct image_state state;

    image_get(image_current(image), &state);
    return state.written_at == 0;
}

/* A file of zeros is filled as far as it goes. */
static bool
format_blank(struct ring_writer *writer, const char *path, uint32_t capacity, struct err *err)
{
    uint32_t room = image_capacity(writer->file.map.len);

    if (room == 0)
        return err_set(err, "%s: not a ring, nor of a ring's length; remove it", path);
    return make_new(writer, image_len(capacity) == writer->file.map.len ? capacity : room);
}

static bool
take_up(struct ring_writer *writer, const char *path, uint32_t capacity, struct err *err)
{
    const uint8_t *boot_id = writer->boot_id;

    if (!sys_boot_id(writer->boot_id))
        return err_errno(err, "%s: the kernel's boot id", path);
    if (writer->file.created)
        return make_new(writer, capacity) && sys_owned_publish(&writer->file, path, err);
    switch (image_open(&writer->image, writer->file.map.base, writer->file.map.len, boot_id)) {
    case IMAGE_OK:
        (void)image_repair(&writer->image); /* mended, it is as good */
        writer->is_new = is_unused(&writer->image);
        return true;
    case IMAGE_EMPTY: return format_blank(writer, path, capacity, err);
    case IMAGE_OLD_BOOT:
        writer->is_new = true;
        image_clear(&writer->image, boot_id);
        return true;
    case IMAGE_FOREIGN: break;
    }
    return err_set(err, "%s: not a ring, or of a version that this stekd cannot write; remove it",
                   path);
}

bool
ring_writer_open(struct ring_writer *writer, const char *path, uint32_t capacity, gid_t group,
                 struct err *err)
{
    struct ring_writer fresh = {.file.fd = -1};

    if (capacity < RING_CAPACITY_MIN || capacity > RING_CAPACITY_MAX)
        return err_set(err, "%s: a ring holds %u to %u keys", path, RING_CAPACITY_MIN,
                       RING_CAPACITY_MAX);
    if (!sys_owned_open(&fresh.file, path, image_len(capacity), group, err))
        return false;
    if (!take_up(&fresh, path, capacity, err)) {
        sys_owned_close(&fresh.file);
        return false;
    }
    fresh.flip = word_load(&fresh.image.header->flip);
    *writer = fresh;
    return true;
}

/* True if the header is still what this writer made it: else somebody wrote over it. */
static bool
is_ours(const struct ring_writer *writer)
{
    struct image seen;

    return image_open(&seen, writer->file.map.base, writer->file.map.len, writer->boot_id) ==
               IMAGE_OK &&
           seen.half[0].capacity == writer->image.half[0].capacity &&
           word_load(&writer->image.header->flip) == writer->flip;
}

bool
ring_writer_mend(struct ring_writer *writer, bool *was_lost, const char *path, struct err *what)
{
    enum sys_mended mended = sys_owned_mend(&writer->file, path, what);

    *was_lost = mended == SYS_MEND_ZEROED || !is_ours(writer);
    if (*was_lost) {
        (void)make_new(writer, writer->image.half[0].capacity); /* always true */
        writer->flip = 0;
    }
    if (mended == SYS_MEND_FAILED)
        return false;
    if (*was_lost)
        err_set(what, "%s was cut short or written over, and is made anew with all its keys", path);
    else if (mended == SYS_MEND_NAMED)
        err_set(what, "%s was removed, and has its name back", path);
    return true;
}

bool
ring_writer_regroup(const struct ring_writer *writer, gid_t group, const char *path,
                    struct err *err)
{
    return sys_owned_regroup(&writer->file, group, path, err);
}

bool
ring_writer_remove(const struct ring_writer *writer, const char *path, struct err *err)
{
    return sys_owned_remove(&writer->file, path, err);
}

void
ring_writer_close(struct ring_writer *writer)
{
    sys_owned_close(&writer->file);
    *writer = (struct ring_writer){.file.fd = -1};
}

uint64_t
ring_writer_offset_ms(const struct ring_writer *writer)
{
    struct image_state state;

    image_get(image_current(&writer->image), &state);
    return state.unix_offset_ms;
}

int64_t
ring_writer_step_s(const struct ring_writer *writer, struct ring_time now)
{
    struct image_state state;

    image_get(image_current(&writer->image), &state);
    if (state.written_at == 0)
        return 0;
    return plan_step_s(state.unix_offset_ms, now.unix_ms - now.boot_ms);
}
