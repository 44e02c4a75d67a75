/* fuzz_farm.h - the same secrets each time, which are not weak. */
#ifndef FUZZ_FUZZ_FARM_H
#define FUZZ_FUZZ_FARM_H

#include "fuzz.h"
#include "share/farm.h"

static inline void
secret_fill(struct secret *out)
{
    for (uint8_t i = 0; i < SECRET_LEN; i++)
        out->bytes[i] = (uint8_t)(i * i * 7 + (i << 3) + 1);
}

static inline void
farm_begin(struct farm *farm)
{
    uint8_t id[FARM_ID_LEN];
    SECRET(secret);

    secret_fill(&secret);
    memcpy(id, secret.bytes + 3, sizeof id);
    must(farm_create(farm, id, &secret, NOW_MS, NULL));
}

#endif
