/* see writer.h: the file of a ring */
#include "ring/writer.h"

#include "ring/plan.h"

static bool
make_new(struct ring_writer *writer, uint32_t capacity, const uint8_t boot_id[16])
{
    writer->is_new = true;
    image_format(&writer->image, writer->file.map.base, capacity, boot_id);
    return true;
}

/* A file of zeros is filled as far as it goes. */
static bool
format_blank(struct ring_writer *writer, const char *path, uint32_t capacity,
             const uint8_t boot_id[16], struct err *err)
{
    uint32_t room = image_capacity(writer->file.map.len);

    if (room == 0)
        return err_set(err, "%s: not a ring, nor of a ring's length; remove it", path);
    return make_new(writer, image_len(capacity) == writer->file.map.len ? capacity : room, boot_id);
}

static bool
take_up(struct ring_writer *writer, const char *path, uint32_t capacity, struct err *err)
{
    uint8_t boot_id[SYS_BOOT_ID_LEN];

    if (!sys_boot_id(boot_id))
        return err_errno(err, "%s: the kernel's boot id", path);
    if (writer->file.created)
        return make_new(writer, capacity, boot_id) && sys_owned_publish(&writer->file, path, err);
    switch (image_open(&writer->image, writer->file.map.base, writer->file.map.len, boot_id)) {
    case IMAGE_OK: (void)image_repair(&writer->image); return true; /* mended, it is as good */
    case IMAGE_EMPTY: return format_blank(writer, path, capacity, boot_id, err);
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
    *writer = fresh;
    return true;
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
