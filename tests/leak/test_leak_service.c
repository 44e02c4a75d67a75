/* stekd's service makes, rotates, revokes and wipes keys, and leaves no copy of a secret on the
 * stack or on the heap but in its keyset. The whole process is searched. Nor is one in its log, as
 * bytes, in hex or in base64.
 *
 * That a lost wipe is seen was tried: without the wipe in items_free() both tests fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <openssl/evp.h>

#include "base/hex.h"
#include "needle.h"
#include "service_support.h"

#define MADE_MAX 64

#define TEXTS 5 /* lower and upper hex in halves, base64 */

/* A source has no argument: what it made, told by needles. */
static struct {
    struct needle needles[MADE_MAX];
    struct needle texts[MADE_MAX][TEXTS]; /* of the secret as text */
    size_t count;
} made;

static void
note_texts(struct needle texts[TEXTS], const uint8_t secret[SECRET_LEN])
{
    static char hex[HEX_LEN(SECRET_LEN)], base64[48];

    (void)hex_encode(hex, secret, SECRET_LEN);
    (void)EVP_EncodeBlock((unsigned char *)base64, secret, SECRET_LEN);
    texts[0] = needle_of((const uint8_t *)hex);
    texts[1] = needle_of((const uint8_t *)hex + SECRET_LEN);
    for (char *at = hex; *at != '\0'; at++)
        *at = (char)toupper((unsigned char)*at);
    texts[2] = needle_of((const uint8_t *)hex);
    texts[3] = needle_of((const uint8_t *)hex + SECRET_LEN);
    texts[4] = needle_of((const uint8_t *)base64);
}

static bool
get_noted(struct key_material *fresh, struct err *err)
{
    if (made.count >= MADE_MAX || !source_random.get(fresh, err))
        return false;
    made.needles[made.count] = needle_of(fresh->secret.bytes);
    note_texts(made.texts[made.count++], fresh->secret.bytes);
    return true;
}

static const struct source_kind noted = {.name = "noted", .summary = "", .get = get_noted};

/* True if each secret that was made is nowhere, or once, in the keyset. */
static bool
is_clean(const struct service *service)
{
    bool clean = true;

    for (size_t i = 0; i < made.count; i++) {
        size_t here = service == NULL ? 0
                                      : needle_in(&made.needles[i], service->set.keys,
                                                  service->set.key_cap * sizeof(struct key));
        size_t everywhere = needle_everywhere(&made.needles[i]);

        if (everywhere != here || (here != 0 && here != NEEDLE_RUNS)) {
            printf("# secret %zu of %zu: %zu runs, %zu in the keyset\n", i + 1, made.count,
                   everywhere, here);
            clean = false;
        }
    }
    return clean && made.count > 0;
}

static size_t
count_in_line(const char *line)
{
    size_t found = 0;

    for (size_t i = 0; i < made.count; i++) {
        found += needle_in(&made.needles[i], line, strlen(line));
        for (size_t j = 0; j < TEXTS; j++)
            found += needle_in(&made.texts[i][j], line, strlen(line));
    }
    return found;
}

/* Runs of secrets in the whole log. */
static size_t
count_in_log(const struct world *world)
{
    size_t found = 0;

    for (size_t i = 0; i < world->line_count; i++)
        found += world->lines[i] == NULL || count_in_line(world->lines[i]) > 0;
    return found;
}

static bool
rotate(void *arg)
{
    struct world *world = arg;
    KEY(key);

    return service_rotate(world->service, &key, world->now, NULL) == SERVICE_DONE;
}

static bool
revoke_all(void *arg)
{
    struct world *world = arg;
    const struct revoke_order order = {.all = true};
    struct revoke_result result = {0};
    bool done = service_revoke(world->service, &result, &order, world->now, NULL) == SERVICE_DONE;

    revoke_result_free(&result);
    return done;
}

static bool
a_day(void *arg)
{
    run(arg, 20 * 3600 * 1000);
    return true;
}

static bool
again(void *arg)
{
    return restart(arg, NULL);
}

static bool
begin(void *arg)
{
    struct world *world = arg;

    if (!world_open(world, RING_CAPACITY_DEFAULT))
        return false;
    world->service->source = &noted;
    return true;
}

static bool
end(void *arg)
{
    struct world *world = arg;

    service_retire(&world->service, world->now);
    return true;
}

static void
test_life(void **state)
{
    static struct world world; /* large */

    (void)state;
    assert_true(needle_deep(begin, &world));
    assert_true(needle_deep(rotate, &world));
    assert_true(is_clean(world.service));
    assert_true(needle_deep(a_day, &world));
    assert_true(made.count > 10);
    assert_true(is_clean(world.service));
    world.env.source = &noted;
    assert_true(needle_deep(again, &world));
    assert_true(is_clean(world.service));
    assert_true(needle_deep(rotate, &world));
    assert_true(needle_deep(revoke_all, &world));
    assert_true(is_clean(world.service));
    assert_true(needle_deep(end, &world));
    assert_true(is_clean(NULL));
    assert_true(count_lines(&world, " event=key-made ") >= made.count);
    assert_true(count_lines(&world, " event=key-destroyed ") > 0);
    assert_true(count_lines(&world, " event=key-revoked ") > 0);
    assert_int_equal(count_in_log(&world), 0);
    world_close(&world);
}

/* The search finds what it is for. */
static void
test_search(void **state)
{
    SECRET(secret);
    char line[128], base64[48];

    (void)state;
    for (size_t i = 0; i < SECRET_LEN; i++)
        secret.bytes[i] = (uint8_t)(i * 37 + 11);
    made.count = 1;
    made.needles[0] = needle_of(secret.bytes);
    note_texts(made.texts[0], secret.bytes);
    assert_int_equal(count_in_line("keyset www: key 1b31567b made event=key-made"), 0);
    (void)hex_encode(line, secret.bytes, SECRET_LEN);
    assert_true(count_in_line(line + 9) > 0);
    for (char *at = line; *at != '\0'; at++)
        *at = (char)toupper((unsigned char)*at);
    assert_true(count_in_line(line) > 0);
    assert_true(EVP_EncodeBlock((unsigned char *)base64, secret.bytes, SECRET_LEN) > 0);
    assert_true(count_in_line(base64) > 0);
    (void)snprintf(line, sizeof line, "x%.*s", 10, (const char *)secret.bytes + 20);
    assert_true(count_in_line(line) > 0);
    made.count = 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_life),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
