/* Custom rings: callbacks see for whom a key is wanted, and what they give is looked at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stek/stek.h>

#include "ring_support.h"

/* The provider of these tests: what it was told, and what it answers. */
struct provider {
    char sni[64];
    uint8_t name[STEK_NAME_LEN];
    uint64_t now;
    unsigned calls, released;
    bool was_empty;
    enum stek_status answer;
    struct stek_key key;
};

static enum stek_status
give(struct provider *provider, struct stek_key *key, const struct stek_request *request,
     uint64_t now)
{
    static const uint8_t none[STEK_SECRET_LEN];

    (void)snprintf(provider->sni, sizeof provider->sni, "%s",
                   request->sni == NULL ? "(not known)" : request->sni);
    provider->now = now;
    provider->calls++;
    provider->was_empty = key->size == sizeof *key && memcmp(key->secret, none, sizeof none) == 0;
    *key = provider->key;
    errno = 5;
    return provider->answer;
}

static enum stek_status
sealing(void *ctx, struct stek_key *key, const struct stek_request *request, uint64_t now)
{
    return give(ctx, key, request, now);
}

static enum stek_status
opening(void *ctx, struct stek_key *key, const uint8_t name[STEK_NAME_LEN],
        const struct stek_request *request, uint64_t now)
{
    struct provider *provider = ctx;

    memcpy(provider->name, name, sizeof provider->name);
    return give(provider, key, request, now);
}

static void
release(void *ctx)
{
    ((struct provider *)ctx)->released++;
}

static struct stek_key
good_key(uint64_t seed)
{
    struct stek_key key = {
        .size = sizeof key, .seal_until = RING_S + 100, .open_until = RING_S + 200};

    rng_fill(&seed, key.name, sizeof key.name);
    rng_fill(&seed, key.secret, sizeof key.secret);
    return key;
}

static struct stek_ring *
make_ring(struct provider *provider)
{
    struct stek_ring *ring = NULL;
    STEK_CALLBACKS(callbacks);

    *provider = (struct provider){.answer = STEK_OK, .key = good_key(1)};
    callbacks.sealing_key = sealing;
    callbacks.opening_key = opening;
    callbacks.release = release;
    return stek_ring_custom(&ring, &callbacks, provider) == STEK_OK ? ring : NULL;
}

/* R-CUSTOM-1 */
static void
test_what_callbacks_see(void **state)
{
    struct provider provider;
    struct stek_ring *ring = make_ring(&provider), *same;
    int renew = 42;
    STEK_KEY(key);
    STEK_REQUEST(request);

    (void)state;
    assert_non_null(ring);
    request.sni = "a.test";
    errno = 77;
    assert_int_equal(stek_ring_sealing_key_for(ring, &key, &request, RING_S), STEK_OK);
    assert_int_equal(errno, 77);
    assert_string_equal(provider.sni, "a.test");
    assert_int_equal(provider.now, RING_S);
    assert_true(provider.was_empty);
    assert_memory_equal(&key, &provider.key, sizeof key);
    request.sni = "";
    assert_int_equal(stek_ring_opening_key_for(ring, &key, &renew, key.name, &request, RING_S + 1),
                     STEK_OK);
    assert_string_equal(provider.sni, "");
    assert_memory_equal(provider.name, provider.key.name, sizeof provider.name);
    assert_int_equal(renew, 0);
    assert_int_equal(stek_ring_opening_key(ring, &key, &renew, key.name, RING_S + 100), STEK_OK);
    assert_string_equal(provider.sni, "(not known)");
    assert_int_equal(renew, 1);
    assert_int_equal(stek_ring_sealing_key(ring, &key, RING_S), STEK_OK);
    assert_int_equal(stek_ring_tick(ring, RING_S), STEK_OK);
    stek_ring_count(ring, STEK_SEALED, key.name);
    request.size--;
    assert_int_equal(stek_ring_sealing_key_for(ring, &key, &request, RING_S), STEK_BAD_ARGUMENT);
    same = stek_ring_ref(ring);
    stek_ring_close(&ring);
    assert_int_equal(provider.released, 0);
    stek_ring_close(&same);
    assert_int_equal(provider.released, 1);
}

/* R-CUSTOM-1: whatever else than STEK_OK they return. */
static void
test_none(void **state)
{
    struct provider provider;
    struct stek_ring *ring = make_ring(&provider);
    struct stek_key before = good_key(2), key = before;
    int renew = 42;

    (void)state;
    assert_non_null(ring);
    for (int i = 1; i < 12; i++) {
        provider.answer = (enum stek_status)i;
        assert_int_equal(stek_ring_sealing_key(ring, &key, RING_S), STEK_NO_KEY);
        assert_int_equal(stek_ring_opening_key(ring, &key, &renew, provider.key.name, RING_S),
                         STEK_NO_KEY);
    }
    assert_memory_equal(&key, &before, sizeof key);
    assert_int_equal(renew, 42);
    assert_int_equal(provider.calls, 22);
    stek_ring_close(&ring);
}

static void
spoil(struct stek_key *key, unsigned how)
{
    switch (how) {
    case 0: memset(key->secret, 0, sizeof key->secret); break;
    case 1: memset(key->secret + 16, 0, 16); break;
    case 2: memcpy(key->secret + 16, key->secret, 16); break;
    case 3: memset(key->name, 0, sizeof key->name); break;
    case 4: memset(key->name, 'x', sizeof key->name); break;
    case 5: memcpy(key->name, key->secret, sizeof key->name); break;
    case 6: memcpy(key->name, key->secret + 16, sizeof key->name); break;
    case 7: key->seal_until = key->open_until + 1; break;
    case 8: key->open_until = key->seal_until = RING_S; break;
    default: key->open_until = key->seal_until = 0; break;
    }
}

/* R-CUSTOM-2 */
static void
test_unfit_keys(void **state)
{
    struct provider provider;
    struct stek_ring *ring = make_ring(&provider);
    struct stek_key before = good_key(2), key = before, other = good_key(3);
    int renew = 42;

    (void)state;
    assert_non_null(ring);
    for (unsigned how = 0; how < 10; how++) {
        provider.key = good_key(100 + how);
        spoil(&provider.key, how);
        assert_int_equal(stek_ring_sealing_key(ring, &key, RING_S), STEK_NO_KEY);
        assert_int_equal(stek_ring_opening_key(ring, &key, &renew, provider.key.name, RING_S),
                         STEK_NO_KEY);
    }
    provider.key = good_key(1);
    assert_int_equal(stek_ring_opening_key(ring, &key, &renew, other.name, RING_S), STEK_NO_KEY);
    assert_memory_equal(&key, &before, sizeof key);
    assert_int_equal(renew, 42);
    assert_int_equal(stek_ring_sealing_key(ring, &key, RING_S), STEK_OK);
    assert_int_equal(stek_ring_sealing_key(ring, &key, RING_S + 100), STEK_NO_KEY);
    stek_ring_close(&ring);
}

/* R-CUSTOM-2: a provider that goes on to new names and forgets to make new secrets. One secret for
 * each name is as it should be, also if the names come again and again. */
static void
test_repeated_secret(void **state)
{
    struct provider provider;
    struct stek_ring *ring = make_ring(&provider);
    struct stek_key again = good_key(9);
    STEK_KEY(key);

    (void)state;
    assert_non_null(ring);
    for (unsigned i = 0; i < 100; i++) {
        provider.key = good_key(i % 7);
        assert_int_equal(stek_ring_sealing_key(ring, &key, RING_S), STEK_OK);
    }
    memcpy(again.secret, provider.key.secret, sizeof again.secret);
    provider.key = again;
    assert_int_equal(stek_ring_sealing_key(ring, &key, RING_S), STEK_NO_KEY);
    assert_int_equal(stek_ring_sealing_key(ring, &key, RING_S), STEK_NO_KEY);
    stek_ring_close(&ring);
}

static void
test_arguments(void **state)
{
    struct provider provider;
    struct stek_ring *ring = make_ring(&provider);
    STEK_CALLBACKS(callbacks);
    STEK_INFO(info);

    (void)state;
    assert_non_null(ring);
    assert_int_equal(stek_ring_info(ring, &info, RING_S), STEK_OK);
    assert_int_equal(info.lifetime, 43200);
    assert_int_equal(info.max_session, 86400);
    stek_ring_close(&ring);
    assert_int_equal(stek_ring_custom(&ring, &callbacks, NULL), STEK_BAD_ARGUMENT);
    callbacks.sealing_key = sealing;
    assert_int_equal(stek_ring_custom(&ring, &callbacks, NULL), STEK_BAD_ARGUMENT);
    callbacks.opening_key = opening;
    callbacks.lifetime = 604801;
    assert_int_equal(stek_ring_custom(&ring, &callbacks, NULL), STEK_BAD_ARGUMENT);
    callbacks.lifetime = 600;
    callbacks.max_session = 599;
    assert_int_equal(stek_ring_custom(&ring, &callbacks, NULL), STEK_BAD_ARGUMENT);
    callbacks.max_session = 0;
    callbacks.size--;
    assert_int_equal(stek_ring_custom(&ring, &callbacks, NULL), STEK_BAD_ARGUMENT);
    assert_null(ring);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_callbacks_see), cmocka_unit_test(test_none),
        cmocka_unit_test(test_unfit_keys),         cmocka_unit_test(test_repeated_secret),
        cmocka_unit_test(test_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
