/* Bytes that claim to be a datagram, offered to a member: what opens is what was sealed, to the
 * byte, and of this farm, keyset and time. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "keys/key.h"
#include "share/datagram.h"

#define NOW_MS (1700000000U * (uint64_t)1000)

static void
must(bool held)
{
    if (!held)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t id[FARM_ID_LEN], again[DATAGRAM_MAX];
    struct datagram out;
    FARM(farm);
    struct datagram_end end = {.farm = &farm, .keyset = "www", .host = 1};
    size_t again_len;
    SECRET(secret);

    for (uint8_t i = 0; i < SECRET_LEN; i++) /* not weak */
        secret.bytes[i] = (uint8_t)(i * i * 7 + (i << 3) + 1);
    memcpy(id, secret.bytes + 3, sizeof id);
    must(farm_create(&farm, id, &secret, NOW_MS, NULL));
    if (datagram_open(&end, &out, data, len, NOW_MS) != RECORD_OPENED)
        return 0;
    must(out.sender != 0 && out.sender != 1 && out.time_ms <= NOW_MS + KEY_SKEW_MS);
    end.host = out.sender;
    must(datagram_seal(&end, again, &again_len, data + 42, out.body, out.len, out.time_ms, NULL));
    must(again_len == len && memcmp(again, data, len) == 0);
    return 0;
}
