/* No branch and no index depends on a secret. Secrets are marked undefined, so under valgrind, in a
 * build with -Dmemcheck=true, each one that does is an error; results are marked defined before
 * they are looked at. In other builds these are plain tests of the same calls. That errors are seen
 * is what ctime_net.sh proves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stek/ticket.h>

#include "base/hex.h"
#include "base/memcheck.h"
#include "image_support.h"
#include "keys/encode.h"
#include "plain_cipher.h"
#include "plain_hmac.h"

/* RFC 4231, 4.2, 4.3 and 4.7: what the derivation is tested with is HMAC-SHA256. */
static void
test_plain_hmac(void **state)
{
    static const struct {
        const char *key, *in, *out;
        size_t key_len; /* where it is one byte repeated; 0: as it stands */
    } vectors[] = {
        {"\x0b", "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
         20},
        {"Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", 0},
        {"\xaa", "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", 131},
    };

    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        uint8_t key[131], out[32];
        size_t len = vectors[i].key_len > 0 ? vectors[i].key_len : strlen(vectors[i].key);
        char text[HEX_LEN(32)];

        memcpy(key, vectors[i].key, strlen(vectors[i].key));
        if (vectors[i].key_len > 0)
            memset(key, vectors[i].key[0], len);
        assert_int_equal(
            plain_hmac(out, (const uint8_t *)vectors[i].in, strlen(vectors[i].in), key, len), 1);
        assert_string_equal(hex_encode(text, out, sizeof out), vectors[i].out);
    }
}

static void
test_secret_equal(void **state)
{
    uint64_t rng = rng_seed();
    uint8_t a[37], b[sizeof a];

    (void)state;
    for (size_t len = 0; len <= sizeof a; len++) {
        rng_fill(&rng, a, sizeof a);
        memcpy(b, a, sizeof a);
        MEM_UNDEFINE(a, sizeof a);
        MEM_UNDEFINE(b, sizeof b);
        assert_true(secret_equal(a, b, len));
        b[len / 2] ^= 1;
        assert_int_equal(secret_equal(a, b, len), len == 0);
    }
}

static void
test_secret_is_weak(void **state)
{
    uint64_t rng = rng_seed();
    uint8_t bytes[32];

    (void)state;
    for (size_t len = 16; len <= 32; len += 16) {
        rng_fill(&rng, bytes, len);
        MEM_UNDEFINE(bytes, len);
        assert_false(secret_is_weak(bytes, len));
        memset(bytes, 7, len);
        MEM_UNDEFINE(bytes, len);
        assert_true(secret_is_weak(bytes, len));
    }
}

/* All bytes, there and back; a digit that is none shows only that the text is no good. */
static void
test_hex(void **state)
{
    uint8_t bytes[256], back[sizeof bytes];
    char text[HEX_LEN(sizeof bytes)];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    MEM_UNDEFINE(bytes, sizeof bytes);
    (void)hex_encode(text, bytes, sizeof bytes); /* returns `text` */
    assert_true(hex_decode(back, sizeof back, text, sizeof text - 1));
    assert_true(secret_equal(back, bytes, sizeof bytes));
    text[77] = 'g';
    MEM_UNDEFINE(text, sizeof text - 1);
    assert_false(hex_decode(back, sizeof back, text, sizeof text - 1));
}

static void
test_base64(void **state)
{
    uint8_t bytes[256], back[sizeof bytes];
    char text[BASE64_LEN(sizeof bytes)];

    (void)state;
    for (size_t len = sizeof bytes - 3; len <= sizeof bytes; len++) {
        size_t text_len, back_len;

        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)(i * 151); /* each 6 bits somewhere */
        MEM_UNDEFINE(bytes, len);
        (void)base64_encode(text, bytes, len);
        text_len = (len + 2) / 3 * 4; /* where the padding is, is public */
        MEM_DEFINE(text + text_len - 2, 2);
        assert_true(base64_decode(back, sizeof back, &back_len, text, text_len));
        assert_int_equal(back_len, len);
        assert_true(secret_equal(back, bytes, len));
        text[77] = '*';
        assert_false(base64_decode(back, sizeof back, &back_len, text, text_len));
    }
}

static struct key
secret_key_of(uint16_t id, int64_t from)
{
    struct key key = key_of(id, from);

    MEM_UNDEFINE(key.secret.bytes, sizeof key.secret.bytes);
    return key;
}

/* A keyset looks for a secret that it has already, and for a weak one; merging, copying and coding
 * carry secrets about. */
static void
test_keyset(void **state)
{
    KEYSET(set);
    KEYSET(copy);
    KEYSET(merged);
    KEYSET(back);
    SECRET_BUF(bytes);

    (void)state;
    for (uint16_t i = 1; i <= 9; i++) {
        struct key key = secret_key_of(i, 3600 * (i - 1)),
                   twin = secret_key_of((uint16_t)(i + 50), 0);

        assert_int_equal(keyset_add(&set, &key, NOW_MS, NULL), KEYSET_CHANGED);
        assert_int_equal(keyset_add(&set, &key, NOW_MS, NULL), KEYSET_SAME);
        twin.secret = key.secret;
        assert_int_equal(keyset_add(&set, &twin, NOW_MS, NULL), KEYSET_REFUSED);
        memset(twin.secret.bytes, 0, sizeof twin.secret.bytes);
        MEM_UNDEFINE(twin.secret.bytes, sizeof twin.secret.bytes);
        assert_int_equal(keyset_add(&set, &twin, NOW_MS, NULL), KEYSET_REFUSED);
    }
    assert_int_equal(keyset_merge(&merged, &set, NOW_MS, NULL), KEYSET_CHANGED);
    assert_int_equal(keyset_merge(&merged, &set, NOW_MS, NULL), KEYSET_SAME);
    assert_true(keyset_copy(&copy, &set));
    assert_true(encode_keyset(&bytes, &copy, NULL));
    assert_true(decode_keyset(&back, bytes.bytes, bytes.len, NOW_MS, NULL));
    assert_int_equal(back.key_count, 9);
    assert_true(secret_equal(&back.keys[8].secret, &set.keys[8].secret, sizeof(struct secret)));
    assert_int_equal(keyset_revoke(&set, set.keys[0].name, false, NOW_MS, NULL), KEYSET_CHANGED);
    assert_true(keyset_expire(&set, NOW_MS + (uint64_t)100 * 86400 * 1000));
}

static void
test_derive(void **state)
{
    uint64_t rng = rng_seed();
    uint8_t a[STEK_HASH_LEN], b[STEK_HASH_LEN], context[STEK_HASH_LEN] = {1};
    STEK_KEY(key);

    (void)state;
    rng_fill(&rng, key.name, sizeof key.name);
    rng_fill(&rng, key.secret, sizeof key.secret);
    MEM_UNDEFINE(key.secret, sizeof key.secret);
    MEM_UNDEFINE(context, sizeof context);
    assert_int_equal(stek_key_derive(&key, a, "product", "cipher", context, plain_hmac), STEK_OK);
    assert_int_equal(stek_key_derive(&key, b, "product", "mac", context, plain_hmac), STEK_OK);
    assert_false(secret_equal(a, b, sizeof a));
}

static int
secret_hmac(uint8_t out[STEK_HASH_LEN], const uint8_t *in, size_t in_len, const uint8_t *key,
            size_t key_len)
{
    int done = plain_hmac(out, in, in_len, key, key_len);

    MEM_UNDEFINE(out, STEK_HASH_LEN);
    return done;
}

static int
public_seal(const struct stek_gcm *gcm, void *ctx)
{
    int done = plain_seal(gcm, ctx);

    MEM_DEFINE(gcm->text, gcm->text_len);
    MEM_DEFINE(gcm->tag, 16);
    return done;
}

/* What stands behind the session, its times, is no secret. */
static int
public_open(const struct stek_gcm *gcm, void *ctx)
{
    int done = plain_open(gcm, ctx);

    MEM_DEFINE(gcm->text + gcm->text_len - 16, 16);
    return done;
}

/* Whole tickets: all that comes of a ring's key is secret, and so is the session. */
static void
test_codec(void **state)
{
    uint64_t rng = rng_seed(), count = 0;
    uint8_t session[100], back[sizeof session + 16], ticket[sizeof session + STEK_TICKET_OVERHEAD];
    size_t len;
    STEK_CODEC(codec);
    STEK_HANDSHAKE(handshake);

    (void)state;
    rng_fill(&rng, session, sizeof session);
    MEM_UNDEFINE(session, sizeof session);
    handshake.context.hash[0] = 1;
    codec.product = "test";
    codec.hmac = secret_hmac;
    codec.seal = public_seal;
    codec.open = public_open;
    codec.random = plain_random;
    codec.ctx = &count;
    assert_int_equal(stek_ring_local(&codec.ring, NULL), STEK_OK);
    assert_int_equal(
        stek_ticket_seal(&codec, &handshake, ticket, &len, sizeof ticket, session, sizeof session),
        STEK_OK);
    assert_int_equal(
        stek_ticket_open(&codec, &handshake, back, &len, sizeof back, ticket, sizeof ticket),
        STEK_OK);
    assert_true(secret_equal(back, session, sizeof session));
    ticket[sizeof ticket - 1] ^= 1;
    assert_int_equal(
        stek_ticket_open(&codec, &handshake, back, &len, sizeof back, ticket, sizeof ticket),
        STEK_BAD_TICKET);
    stek_ring_close(&codec.ring);
}

/* Slots are put, replaced, found, moved by a drop, and mended. */
static void
test_image(void **state)
{
    uint64_t rng = rng_seed();
    struct image_slot slots[12];
    void *memory;
    struct image image = make_image(&memory, SMALL);

    (void)state;
    assert_non_null(memory);
    for (size_t i = 0; i < 12; i++) {
        slots[i] = slot_at_home(&image, &rng, (uint32_t)(i % 2)); /* they share buckets */
        MEM_UNDEFINE(slots[i].secret.bytes, sizeof slots[i].secret.bytes);
        assert_true(change_put(&image, &slots[i]));
        assert_true(change_put(&image, &slots[i]));
    }
    for (size_t i = 0; i < 12; i++) {
        bool other;
        IMAGE_SLOT(found);

        assert_true(image_find(&image, &found, &other, slots[i].name, RING_S));
        assert_true(secret_equal(&found.secret, &slots[i].secret, sizeof found.secret));
        assert_true(change_drop(&image, slots[i].name));
        assert_false(image_find_key(&image, &found, &other, slots[i].name, RING_S));
    }
    assert_true(image_repair(&image));
    free(memory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_hmac),     cmocka_unit_test(test_secret_equal),
        cmocka_unit_test(test_secret_is_weak), cmocka_unit_test(test_hex),
        cmocka_unit_test(test_base64),         cmocka_unit_test(test_keyset),
        cmocka_unit_test(test_derive),         cmocka_unit_test(test_codec),
        cmocka_unit_test(test_image),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
