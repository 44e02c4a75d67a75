/* fuzz.h - what all targets begin with. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NOW_MS (1700000000U * (uint64_t)1000)

/* Of each target; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Else it is a finding. */
static inline void
must(bool held)
{
    if (!held)
        abort();
}

#endif
