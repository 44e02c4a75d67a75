/* Text that claims to be a farm's file: what is taken can be stepped, written, and read back. */
#include "fuzz.h"
#include "share/farm.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct err err = {{0}};
    FARM(farm);
    FARM(again);
    SECRET(next);
    SECRET_BUF(text);

    if (!farm_decode(&farm, (const char *)data, len, &err)) {
        must(err.text[0] != '\0' && farm.first.number == 0);
        return 0;
    }
    must(farm_secret(&farm, &next, farm.first.number + 1));
    must(farm_encode(&text, &farm, NULL));
    must(farm_decode(&again, (const char *)text.bytes, text.len, NULL));
    must(again.first.number == farm.first.number);
    must(secret_equal(again.first.secret.bytes, farm.first.secret.bytes, SECRET_LEN));
    must(memcmp(again.id, farm.id, sizeof farm.id) == 0);
    return 0;
}
