/* see grpc_frame.h */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "io/grpc_frame.h"

#define KEEP_CAP ((size_t)64 << 10) /* a larger buffer is given back when it is empty */

struct grpc_frames
grpc_frames_of(size_t max)
{
    return (struct grpc_frames){.max = max};
}

void
grpc_frames_free(struct grpc_frames *frames)
{
    free(frames->bytes);
    *frames = (struct grpc_frames){.max = frames->max};
}

void
grpc_frame_head(uint8_t out[GRPC_HEAD_LEN], size_t len)
{
    struct writer w = writer_of(out, GRPC_HEAD_LEN);

    write_u8(&w, 0);
    write_u32(&w, (uint32_t)len);
}

/* What was taken goes. */
static void
shift(struct grpc_frames *frames)
{
    if (frames->at == 0)
        return;
    frames->len -= frames->at;
    memmove(frames->bytes, frames->bytes + frames->at, frames->len);
    frames->at = 0;
    if (frames->len == 0 && frames->cap > KEEP_CAP)
        grpc_frames_free(frames);
}

static bool
reserve(struct grpc_frames *frames, size_t cap)
{
    size_t doubled = 2 * frames->cap > cap ? 2 * frames->cap : cap;
    uint8_t *bytes;

    if (cap <= frames->cap)
        return true;
    bytes = realloc(frames->bytes, doubled);
    if (bytes == NULL)
        return false;
    frames->bytes = bytes;
    frames->cap = doubled;
    return true;
}

/* The head of the message at `at`, if it is there. False for one that cannot be taken. */
static bool
look(const struct grpc_frames *frames, size_t at, size_t *message, bool *is_there, struct err *err)
{
    struct reader r = reader_of(frames->bytes + at, frames->len - at);
    uint8_t compressed = read_u8(&r);
    size_t len = read_u32(&r);

    *is_there = !r.failed;
    if (r.failed)
        return true;
    if (compressed != 0)
        return err_set(err, "an answer that is no message of gRPC");
    if (len > frames->max)
        return err_set(err, "an answer of %zu bytes: more than %zu are not taken", len,
                       frames->max);
    *message = len;
    return true;
}

/* All heads that are there are good, and of messages no more than the longest one and what came
 * last is kept. */
static bool
check(const struct grpc_frames *frames, size_t portion, struct err *err)
{
    size_t at = frames->at, message = 0;
    bool is_there = true;

    while (is_there) {
        if (!look(frames, at, &message, &is_there, err))
            return false;
        if (is_there && frames->len - at - GRPC_HEAD_LEN < message)
            break;
        at += is_there ? GRPC_HEAD_LEN + message : 0;
    }
    if (frames->len - frames->at > frames->max + GRPC_HEAD_LEN + portion)
        return err_set(err, "more answers at once than the %zu bytes that are taken", frames->max);
    return true;
}

bool
grpc_frames_add(struct grpc_frames *frames, const void *bytes, size_t len, struct err *err)
{
    if (frames->is_bad)
        return err_set(err, "an answer after one that could not be taken");
    if (len == 0)
        return true;
    shift(frames);
    frames->is_bad = true;
    if (!reserve(frames, frames->len + len))
        return err_set(err, "no memory for an answer");
    memcpy(frames->bytes + frames->len, bytes, len);
    frames->len += len;
    frames->is_bad = !check(frames, len, err);
    return !frames->is_bad;
}

bool
grpc_frames_next(struct grpc_frames *frames, const uint8_t **message, size_t *len)
{
    size_t there = 0;
    bool is_there;

    if (frames->bytes == NULL || !look(frames, frames->at, &there, &is_there, NULL) || !is_there ||
        frames->len - frames->at - GRPC_HEAD_LEN < there)
        return false;
    *message = frames->bytes + frames->at + GRPC_HEAD_LEN;
    *len = there;
    frames->at += GRPC_HEAD_LEN + there;
    return true;
}
