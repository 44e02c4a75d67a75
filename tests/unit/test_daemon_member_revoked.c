/* What was revoked in a farm stays so at a host that was booted anew and hears nobody, also where
 * what carries the records was put back to a time before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "member_support.h"

struct snapshot {
    uint8_t *bytes;
    size_t len;
};

/* What the medium has of the first host's keys now. */
static bool
take_snapshot(struct snapshot *out, const struct farm_world *world)
{
    const struct medium_record *record = &world->media[0].records[RECORD_KEYS][0];

    *out = (struct snapshot){malloc(record->len + 1), record->len};
    if (out->bytes != NULL)
        memcpy(out->bytes, record->bytes, record->len);
    return out->bytes != NULL && record->len > 0;
}

/* It has that again, and of other hosts nothing that revokes anything. */
static bool
put_back(struct farm_world *world, struct snapshot *old)
{
    bool done;
    KEYSET(none);

    for (size_t i = 1; i < world->count; i++)
        if (!farm_plant(world, i + 1, &none))
            return false;
    done = medium_put(world, 0, RECORD_KEYS, 0, 1, old->bytes, old->len);
    free(old->bytes);
    old->bytes = NULL;
    return done;
}

/* All is off, and this one alone comes back, with nothing but its disk. */
static bool
boot_alone(struct farm_world *world, struct farm_host *host)
{
    for (size_t i = 0; i < world->count; i++)
        host_close(&world->hosts[i]);
    return host_lose_ring(host) && host_open(host);
}

static enum service_outcome
order_revoke_all(struct farm_host *host)
{
    struct revoke_order order = {.all = true};
    struct revoke_result result = {.names = NULL};
    enum service_outcome outcome =
        service_revoke(host->service, &result, &order, host_now(host), NULL);

    revoke_result_free(&result);
    return outcome;
}

/* R-REVOKED-1: by name and all, at the host where it was ordered, and at one that learnt of it.
 * That the same without the file opens the key shows that the records were put back. */
static void
test_stays_revoked(void **state)
{
    for (int i = 0; i < 5; i++) {
        struct farm_world *world = farm_open(2);
        struct farm_host *host = &world->hosts[i / 2 % 2];
        bool is_all = i % 2 == 1, is_lost = i == 4;
        struct snapshot before;
        uint8_t name[KEY_NAME_LEN];

        (void)state;
        assert_non_null(world);
        assert_true(farm_begin(world));
        assert_int_equal(order_rotate(&world->hosts[0], name), SERVICE_DONE);
        farm_run(world, MINUTE_MS);
        assert_int_equal(farm_having(world, name, KEY_CONFIRMED), 2);
        assert_true(take_snapshot(&before, world));
        assert_int_equal(is_all ? order_revoke_all(&world->hosts[0])
                                : order_revoke(&world->hosts[0], name),
                         SERVICE_DONE);
        assert_int_equal(access(world->hosts[0].member->paths.revoked, F_OK), 0);
        farm_run(world, MINUTE_MS);
        assert_int_equal(farm_having(world, name, KEY_REVOKED), 2);
        if (is_lost)
            assert_int_equal(unlink(host->member->paths.revoked), 0);
        assert_true(put_back(world, &before));
        assert_true(boot_alone(world, host));
        farm_run(world, MINUTE_MS);
        assert_true(host_has(host, name, 0));
        assert_int_equal(host_has(host, name, KEY_REVOKED), !is_lost);
        assert_non_null(host_sealing(host)); /* whatever was revoked */
        assert_string_equal(host->service->last_error.text, "");
        farm_close(world);
    }
}

/* R-REVOKED-1: it holds before the ring has any key, and before any record is heard: keys made at
 * the start are none that it withdraws. */
static void
test_holds_from_the_start(void **state)
{
    struct farm_world *world = farm_open(1);
    struct farm_host *host;

    (void)state;
    assert_non_null(world);
    host = &world->hosts[0];
    host->ahead_ms = 5 * (int64_t)MINUTE_MS;
    assert_true(farm_begin(world));
    assert_int_equal(order_revoke_all(host), SERVICE_DONE);
    host_close(host);
    host->ahead_ms = 0; /* the mark is minutes ahead of this clock */
    host->scripts[0].is_mute = true;
    assert_true(host_lose_ring(host) && host_open(host));
    assert_true(host->service->set.mark.made_ms > host_now(host).unix_ms);
    farm_run(world, MINUTE_MS);
    assert_non_null(host_sealing(host));
    assert_int_equal(farm_lines(world, "of itself"), 0);
    for (size_t i = 0; i < host->service->set.key_count; i++)
        assert_int_equal(host->service->set.keys[i].flags & KEY_REVOKED, 0);
}

/* R-REVOKED-2: where it cannot be written the order is carried out, in the ring and in the farm; it
 * is told, and is no trouble any more as soon as it could be written. */
static void
test_not_written(void **state)
{
    struct farm_world *world = farm_open(2);
    struct farm_host *host;
    char moved[112], folder[96];
    uint8_t name[KEY_NAME_LEN];

    (void)state;
    assert_non_null(world);
    host = &world->hosts[0];
    assert_true(farm_begin(world));
    assert_int_equal(order_rotate(host, name), SERVICE_DONE);
    farm_run(world, MINUTE_MS);
    (void)snprintf(folder, sizeof folder, "%s/farm", host->folder);
    (void)snprintf(moved, sizeof moved, "%s-", folder);
    assert_int_equal(rename(folder, moved), 0);
    assert_int_equal(order_revoke(host, name), SERVICE_DONE);
    farm_run(world, MINUTE_MS);
    assert_int_equal(farm_having(world, name, KEY_REVOKED), 2);
    host_tick(host);
    assert_non_null(strstr(host->service->last_error.text, "what is revoked is not saved: "));
    assert_int_equal(farm_lines(world, "what is revoked is not saved: "), 1);
    assert_int_equal(rename(moved, folder), 0);
    farm_run(world, MINUTE_MS);
    assert_string_equal(host->service->last_error.text, "");
    assert_int_equal(access(host->member->paths.revoked, F_OK), 0);
    assert_true(boot_alone(world, host));
    assert_int_equal(host->service->set.revocation_count, 1);
}

/* R-REVOKED-3 */
static void
test_damaged(void **state)
{
    static const char half[] = "stek-revoked1\nall 17";
    struct farm_world *world = farm_open(1);
    struct farm_host *host;
    char path[96];

    (void)state;
    assert_non_null(world);
    host = &world->hosts[0];
    (void)snprintf(path, sizeof path, "%s/farm/www.revoked", host->folder);
    assert_true(farm_write(path, half, sizeof half - 1));
    assert_true(farm_begin(world));
    assert_int_equal(farm_lines(world, "www.revoked: line 2 is damaged"), 1);
    assert_string_equal(host->service->last_error.text, "");
    assert_non_null(host_sealing(host));
    host_close(host);
    assert_true(host_open(host));
    farm_run(world, MINUTE_MS);
    assert_int_equal(farm_lines(world, "is damaged"), 1);
}

/* Another place for the farm's files, by a reload: what is revoked is written there, too. */
static void
test_moves(void **state)
{
    struct farm_world *world = farm_open(1);
    struct farm_host *host;
    char path[112];
    uint8_t name[KEY_NAME_LEN];

    (void)state;
    assert_non_null(world);
    host = &world->hosts[0];
    assert_true(farm_begin(world));
    assert_int_equal(order_rotate(host, name), SERVICE_DONE);
    assert_int_equal(order_revoke(host, name), SERVICE_DONE);
    (void)snprintf(path, sizeof path, "%s/farm/other", host->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(host->config.farm, sizeof host->config.farm, "%s/www.farm", path);
    assert_true(service_prepare(host->service, &host->config, NULL));
    service_change(host->service, &host->config, host_now(host));
    (void)snprintf(path, sizeof path, "%s/farm/other/www.revoked", host->folder);
    assert_string_equal(host->service->member->paths.revoked, path);
    assert_int_equal(access(path, F_OK), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stays_revoked),
        cmocka_unit_test_teardown(test_holds_from_the_start, farm_teardown),
        cmocka_unit_test_teardown(test_not_written, farm_teardown),
        cmocka_unit_test_teardown(test_damaged, farm_teardown),
        cmocka_unit_test_teardown(test_moves, farm_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
