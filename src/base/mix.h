/* mix.h - numbers that look random and are not: to spread moments, to compare, to find things. For
 * nothing that anybody must not guess. Splitmix64: Steele, Lea and Flood, "Fast splittable
 * pseudorandom number generators", OOPSLA 2014. */
#ifndef BASE_MIX_H
#define BASE_MIX_H

#include <stdint.h>

#define MIX_STEP 0x9e3779b97f4a7c15U

/* Any change of `x` changes about half of the bits; different numbers stay different. */
static inline uint64_t
mix_bits(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
    x = (x ^ x >> 27) * 0x94d049bb133111ebU;
    return x ^ x >> 31;
}

/* The next number of a row that begins anywhere. */
static inline uint64_t
mix_next(uint64_t *row)
{
    return mix_bits(*row += MIX_STEP);
}

#endif
