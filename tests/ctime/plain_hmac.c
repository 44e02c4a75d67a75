/* see plain_hmac.h */
#include "plain_hmac.h"

#include <string.h>

#include "base/secret.h"

#define BLOCK 64

struct sha256 {
    uint32_t state[8];
    uint8_t block[BLOCK];
    size_t used; /* of `block` */
    uint64_t total;
};

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t
turn(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static void
schedule(uint32_t w[64], const uint8_t *block)
{
    for (size_t i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (size_t i = 16; i < 64; i++)
        w[i] = w[i - 16] + (turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
               (turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10);
}

static void
compress(struct sha256 *hash)
{
    uint32_t w[64], s[8];

    schedule(w, hash->block);
    memcpy(s, hash->state, sizeof s);
    for (size_t i = 0; i < 64; i++) {
        uint32_t choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
        uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
        uint32_t a =
            s[7] + (turn(s[4], 6) ^ turn(s[4], 11) ^ turn(s[4], 25)) + choice + constants[i] + w[i];
        uint32_t b = (turn(s[0], 2) ^ turn(s[0], 13) ^ turn(s[0], 22)) + majority;

        memmove(s + 1, s, 7 * sizeof s[0]);
        s[4] += a;
        s[0] = a + b;
    }
    for (size_t i = 0; i < 8; i++)
        hash->state[i] += s[i];
    hash->used = 0;
}

static void
start(struct sha256 *hash)
{
    *hash = (struct sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                                      0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

static void
add(struct sha256 *hash, const uint8_t *bytes, size_t len)
{
    hash->total += len;
    for (size_t i = 0; i < len; i++) {
        hash->block[hash->used++] = bytes[i];
        if (hash->used == BLOCK)
            compress(hash);
    }
}

static void
finish(struct sha256 *hash, uint8_t out[32])
{
    uint64_t bits = hash->total * 8;
    const uint8_t one = 0x80, zero = 0;

    add(hash, &one, 1);
    while (hash->used != BLOCK - 8)
        add(hash, &zero, 1);
    for (unsigned i = 0; i < 8; i++) {
        uint8_t byte = (uint8_t)(bits >> (56 - 8 * i));

        add(hash, &byte, 1);
    }
    for (size_t i = 0; i < 32; i++)
        out[i] = (uint8_t)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}

int
plain_hmac(uint8_t out[32], const uint8_t *in, size_t in_len, const uint8_t *key, size_t key_len)
{
    struct sha256 hash;
    uint8_t pad[BLOCK] = {0}, inner[32];

    if (key_len > BLOCK) {
        start(&hash);
        add(&hash, key, key_len);
        finish(&hash, pad);
    } else if (key_len > 0)
        memcpy(pad, key, key_len);
    for (size_t i = 0; i < BLOCK; i++)
        pad[i] ^= 0x36;
    start(&hash);
    add(&hash, pad, BLOCK);
    add(&hash, in, in_len);
    finish(&hash, inner);
    for (size_t i = 0; i < BLOCK; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    start(&hash);
    add(&hash, pad, BLOCK);
    add(&hash, inner, sizeof inner);
    finish(&hash, out);
    secret_wipe_bytes(&hash, sizeof hash);
    secret_wipe_bytes(pad, sizeof pad);
    secret_wipe_bytes(inner, sizeof inner);
    return 1;
}
