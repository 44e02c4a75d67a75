/* Bytes that claim to be a datagram, offered to a member: what opens is what was sealed, to the
 * byte, and of this farm, keyset and time. */
#include "fuzz_farm.h"
#include "keys/key.h"
#include "share/datagram.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t again[DATAGRAM_MAX];
    struct datagram out;
    FARM(farm);
    struct datagram_end end = {.farm = &farm, .keyset = "www", .host = 1};
    size_t again_len;

    farm_begin(&farm);
    if (datagram_open(&end, &out, data, len, NOW_MS) != RECORD_OPENED)
        return 0;
    must(out.sender != 0 && out.sender != 1 && out.time_ms <= NOW_MS + KEY_SKEW_MS);
    end.host = out.sender;
    must(datagram_seal(&end, again, &again_len, data + 42, out.body, out.len, out.time_ms, NULL));
    must(again_len == len && memcmp(again, data, len) == 0);
    return 0;
}
