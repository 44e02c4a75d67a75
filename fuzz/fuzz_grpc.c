/* Bytes that claim to be messages of gRPC: the same ones come in any portions, within bounds. The
 * first byte says how long the portions are. */
#include "fuzz.h"
#include "io/grpc_frame.h"

#define LONGEST 64U

/* Take all that is there; how much it was, mixed up. */
static uint64_t
feed(const uint8_t *data, size_t len, size_t portion)
{
    struct grpc_frames frames = grpc_frames_of(LONGEST);
    uint64_t sum = 0;
    const uint8_t *message;
    size_t n;

    for (size_t at = 0; at < len; at += portion) {
        (void)grpc_frames_add(&frames, data + at, len - at < portion ? len - at : portion, NULL);
        while (grpc_frames_next(&frames, &message, &n)) {
            must(n <= LONGEST);
            sum = sum * 31 + n + 1;
            for (size_t i = 0; i < n; i++)
                sum = sum * 31 + message[i];
        }
    }
    grpc_frames_free(&frames);
    return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len > 1 && data[0] > 0)
        must(feed(data + 1, len - 1, data[0]) == feed(data + 1, len - 1, 1));
    return 0;
}
