/* Lines that claim to be a request, an answer, or the file of a side that asks: what is taken can
 * be shown, an answer that was not made for ours is never taken. */
#include "fuzz_farm.h"
#include "share/join.h"

#define NOW_S (NOW_MS / 1000)

static void
begin(struct join *join)
{
    SECRET(fresh);
    SECRET_BUF(line);

    secret_fill(&fresh);
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
