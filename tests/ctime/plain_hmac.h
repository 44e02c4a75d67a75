/* plain_hmac.h - HMAC-SHA256 (RFC 2104, FIPS 180-4) in plain C: no branch and no index depends on
 * what it hashes, so a report is the caller's. Slow; for tests only. */
#ifndef TESTS_PLAIN_HMAC_H
#define TESTS_PLAIN_HMAC_H

#include <stddef.h>
#include <stdint.h>

/* A stek_hmac_fn: returns 1. */
int plain_hmac(uint8_t out[32], const uint8_t *in, size_t in_len, const uint8_t *key,
               size_t key_len);

#endif
