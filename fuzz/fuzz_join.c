/* Lines that claim to be a request, an answer, or the file of a side that asks: what is taken can
 * be shown, an answer that was not made for ours is never taken. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "share/join.h"

#define NOW_S ((uint64_t)1700000000)

static void
must(bool held)
{
    if (!held)
        abort();
}

/* The same each time, and not weak. */
static void
begin(struct join *join)
{
    SECRET(fresh);
    SECRET_BUF(line);

    for (uint8_t i = 0; i < SECRET_LEN; i++)
        fresh.bytes[i] = (uint8_t)(i * i * 7 + (i << 3) + 1);
    must(join_ask(join, &line, &fresh, 1, "host", "www", NOW_S, NULL));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct join_request request;
    char shown[JOIN_FINGERPRINT_LEN];
    FARM(farm);
    JOIN(join);

    if (join_decode(&join, (const char *)data, len, NULL))
        must(join.is_open && join_fingerprint(shown, &join.request));
    if (join_read(&request, (const char *)data, len, NOW_S, NULL)) {
        must(request.host != 0 && record_is_keyset(request.keyset));
        must(request.host_name[0] > ' ' && join_fingerprint(shown, &request));
    }
    begin(&join);
    must(!join_finish(&join, &farm, (const char *)data, len, NOW_S, NULL) && join.is_open);
    return 0;
}
