/* codec_support.h - a codec over libcrypto whose functions fail when told to, and a ring in a
 * scratch folder with its counters, for the tests of whole tickets. Nothing here asserts. */
#ifndef TESTS_CODEC_SUPPORT_H
#define TESTS_CODEC_SUPPORT_H

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stek/ticket.h>

#include "ring/ring.h"
#include "ring_support.h"

/* The calls of the codec's functions, of which the n-th fails (1: the first; 0: none). */
struct codec_calls {
    unsigned count, fail_at;
    bool is_stuck; /* random bytes are always the same */
};
static struct codec_calls codec_calls;

static inline bool
codec_fails(void)
{
    errno = 5; /* theirs */
    return ++codec_calls.count == codec_calls.fail_at;
}

static inline int
codec_hmac(uint8_t out[STEK_HASH_LEN], const uint8_t *in, size_t in_len, const uint8_t *key,
           size_t key_len)
{
    return !codec_fails() && HMAC(EVP_sha256(), key, (int)key_len, in, in_len, out, NULL) != NULL;
}

static inline int
codec_gcm(const struct stek_gcm *gcm, int is_seal)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len, last = 0, none = 0;
    bool done = ctx != NULL &&
                EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, gcm->key, gcm->nonce, is_seal) &&
                EVP_CipherUpdate(ctx, NULL, &none, gcm->aad, (int)gcm->aad_len) &&
                EVP_CipherUpdate(ctx, gcm->text, &len, gcm->text, (int)gcm->text_len) &&
                (is_seal || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, 16, gcm->tag)) &&
                EVP_CipherFinal_ex(ctx, gcm->text + gcm->text_len, &last) > 0 &&
                (!is_seal || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16, gcm->tag));

    EVP_CIPHER_CTX_free(ctx);
    return done;
}

static inline int
codec_seal(const struct stek_gcm *gcm, void *ctx)
{
    (void)ctx;
    return !codec_fails() && codec_gcm(gcm, 1);
}

static inline int
codec_open(const struct stek_gcm *gcm, void *ctx)
{
    (void)ctx;
    return !codec_fails() && codec_gcm(gcm, 0);
}

static inline int
codec_random(uint8_t *out, size_t len, void *ctx)
{
    (void)ctx;
    if (codec_calls.is_stuck)
        memset(out, 'r', len);
    return !codec_fails() && (codec_calls.is_stuck || RAND_bytes(out, (int)len) == 1);
}

static inline struct stek_codec
codec_of(struct stek_ring *ring)
{
    STEK_CODEC(codec);

    codec.ring = ring;
    codec.product = "test";
    codec.hmac = codec_hmac;
    codec.seal = codec_seal;
    codec.open = codec_open;
    codec.random = codec_random;
    codec_calls = (struct codec_calls){0};
    return codec;
}

/* A handshake of a host whose certificate is `id`, so many seconds after RING_S and NOW_S. */
static inline struct stek_handshake
handshake_of(uint8_t id, uint64_t after_s)
{
    STEK_HANDSHAKE(handshake);

    handshake.context.hash[31] = id;
    handshake.sni = "a.test";
    handshake.now = RING_S + after_s;
    handshake.unix_now = NOW_S + after_s;
    return handshake;
}

/* A ring whose keys 1 to 3 seal for an hour each, and who counts at it. */
struct codec_place {
    struct scratch scratch;
    struct keyset set;
    struct stek_ring *ring;
    struct stek_codec codec;
};

static inline bool
codec_store(struct codec_place *place, uint64_t after_s)
{
    struct ring_writer writer;
    bool done;

    if (!ring_writer_open(&writer, place->scratch.ring, 64, NO_GROUP, NULL))
        return false;
    done = ring_store(&writer, &place->set, after_s);
    ring_writer_close(&writer);
    return done;
}

static inline bool
codec_place_open(struct codec_place *place)
{
    char count[96];

    *place = (struct codec_place){.ring = NULL};
    if (!scratch_open(&place->scratch))
        return false;
    (void)snprintf(count, sizeof count, "%.31s/count", place->scratch.folder);
    (void)snprintf(place->scratch.other, sizeof place->scratch.other, "%.31s/count/www",
                   place->scratch.folder);
    if (mkdir(count, 0755) != 0 || mkdir(place->scratch.other, 0750) != 0 ||
        !ring_keys(&place->set, 3) || !codec_store(place, 0) ||
        stek_ring_open(&place->ring, place->scratch.ring) != STEK_OK)
        return false;
    place->codec = codec_of(place->ring);
    return true;
}

static inline void
codec_place_close(struct codec_place *place)
{
    stek_ring_close(&place->ring);
    keyset_free(&place->set);
    scratch_close(&place->scratch);
}

/* How often an event was counted. */
static inline uint64_t
codec_counted(const struct codec_place *place, enum stek_event event)
{
    struct counters *counters = atomic_load(&place->ring->counters);

    return counters == NULL ? UINT64_MAX : atomic_load(&counters->at->events[event]);
}

static inline uint64_t
codec_counted_all(const struct codec_place *place)
{
    uint64_t all = 0;

    for (unsigned i = 0; i < COUNTERS_EVENTS; i++)
        all += codec_counted(place, (enum stek_event)i);
    return all;
}

#endif
