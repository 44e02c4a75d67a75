/* bytes.h - read and write integers and runs of bytes within bounds, big-endian.
 *
 * A reader or writer that once went past its end is `failed` and stays so: read all fields, then
 * ask once. Failed reads give zeros. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct reader {
    const uint8_t *at;
    size_t left;
    bool failed;
};

struct writer {
    uint8_t *at;
    size_t left;
    size_t len; /* written so far */
    bool failed;
};

static inline struct reader
reader_of(const void *bytes, size_t len)
{
    return (struct reader){.at = bytes, .left = len, .failed = false};
}

/* The next `len` bytes, in place; NULL if they are not there. */
static inline const uint8_t *
read_bytes(struct reader *r, size_t len)
{
    const uint8_t *at = r->at;

    if (r->failed || len > r->left) {
        r->failed = true;
        return NULL;
    }
    if (len > 0) /* r->at may be NULL in an empty reader */
        r->at += len;
    r->left -= len;
    return at;
}

static inline uint64_t
read_uint(struct reader *r, size_t width)
{
    const uint8_t *at = read_bytes(r, width);
    uint64_t value = 0;

    for (size_t i = 0; at != NULL && i < width; i++)
        value = value << 8 | at[i];
    return value;
}

static inline uint8_t
read_u8(struct reader *r)
{
    return (uint8_t)read_uint(r, 1);
}

static inline uint16_t
read_u16(struct reader *r)
{
    return (uint16_t)read_uint(r, 2);
}

static inline uint32_t
read_u32(struct reader *r)
{
    return (uint32_t)read_uint(r, 4);
}

static inline uint64_t
read_u64(struct reader *r)
{
    return read_uint(r, 8);
}

static inline void
read_copy(struct reader *r, void *out, size_t len)
{
    const uint8_t *at = read_bytes(r, len);

    if (at == NULL)
        memset(out, 0, len); /* allowed: a failed read gives zeros */
    else
        memcpy(out, at, len);
}

/* A reader over the next `len` bytes; failed if they are not there. */
static inline struct reader
read_sub(struct reader *r, size_t len)
{
    const uint8_t *at = read_bytes(r, len);

    return r->failed ? (struct reader){.at = NULL, .left = 0, .failed = true} : reader_of(at, len);
}

/* True if all was read and nothing is left. */
static inline bool
reader_done(const struct reader *r)
{
    return !r->failed && r->left == 0;
}

static inline struct writer
writer_of(void *bytes, size_t cap)
{
    return (struct writer){.at = bytes, .left = cap, .len = 0, .failed = false};
}

static inline void
write_bytes(struct writer *w, const void *bytes, size_t len)
{
    if (w->failed || len > w->left) {
        w->failed = true;
        return;
    }
    if (len > 0) {
        memcpy(w->at, bytes, len);
        w->at += len;
    }
    w->left -= len;
    w->len += len;
}

static inline void
write_uint(struct writer *w, uint64_t value, size_t width)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < width; i++)
        bytes[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
    write_bytes(w, bytes, width);
}

static inline void
write_u8(struct writer *w, uint8_t value)
{
    write_uint(w, value, 1);
}

static inline void
write_u16(struct writer *w, uint16_t value)
{
    write_uint(w, value, 2);
}

static inline void
write_u32(struct writer *w, uint32_t value)
{
    write_uint(w, value, 4);
}

static inline void
write_u64(struct writer *w, uint64_t value)
{
    write_uint(w, value, 8);
}

#endif
