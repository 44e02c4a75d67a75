/* grpc_frame.h - messages of gRPC in a stream of bytes, as a peer sends it in any portions:
 *
 *   0  1  0: not compressed
 *   1  4  length n, big-endian
 *   5  n  the message
 *
 *   R-GRPC-1: whatever a peer sends, no more than one message of the longest length and one portion
 *             is kept, nothing is read beyond what came, and messages are the same in whichever
 *             portions they come. */
#ifndef IO_GRPC_FRAME_H
#define IO_GRPC_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define GRPC_HEAD_LEN 5U

struct grpc_frames {
    uint8_t *bytes;
    size_t len, cap;
    size_t at; /* up to there all messages were taken */
    size_t max;
    bool is_bad; /* nothing more is taken */
};

/* Messages of up to `max` bytes. */
struct grpc_frames grpc_frames_of(size_t max);
void grpc_frames_free(struct grpc_frames *frames);

/* More bytes that came. False, for good, for what is no frame, is too long, or finds no memory;
 * what came whole before that may still be had. */
bool grpc_frames_add(struct grpc_frames *frames, const void *bytes, size_t len, struct err *err);

/* The next message, which ends with the next call; false if there is none yet. */
bool grpc_frames_next(struct grpc_frames *frames, const uint8_t **message, size_t *len);

/* What stands in front of a message of `len` bytes. */
void grpc_frame_head(uint8_t out[GRPC_HEAD_LEN], size_t len);

#endif
