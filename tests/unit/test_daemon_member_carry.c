/* R-MEMBER-7: keys that their makers do not say any more are carried by others, so that who joins
 * later opens their tickets; by few, and each writes once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keys/encode.h"
#include "member_support.h"

#define HOSTS 6U /* and one that joins */

/* All but the last begin, the first one earlier: it has made the keys. */
static struct farm_world *
begin_all_but_one(void)
{
    struct farm_world *world = farm_open(HOSTS + 1);
    bool ok = world != NULL;

    for (size_t i = 0; ok && i < HOSTS; i++) {
        ok = host_open(&world->hosts[i]);
        farm_run(world, i == 0 ? HOUR_IN_MS : 1000);
    }
    if (ok)
        farm_run(world, 5 * MINUTE_MS);
    return ok && !world->is_stuck ? world : NULL;
}

static void
note_puts(const struct farm_world *world, unsigned puts[HOSTS])
{
    for (size_t i = 0; i < HOSTS; i++)
        puts[i] = host_puts(&world->hosts[i]);
}

/* How many have put since; SIZE_MAX if one did more than once. */
static size_t
writers_since(const struct farm_world *world, const unsigned puts[HOSTS])
{
    size_t writers = 0;

    for (size_t i = 0; i < HOSTS; i++) {
        if (host_puts(&world->hosts[i]) > puts[i] + 1)
            return SIZE_MAX;
        writers += host_puts(&world->hosts[i]) > puts[i];
    }
    return writers;
}

/* The engine loses what this host has put, and all look. */
static void
lose_record(struct farm_world *world, size_t index)
{
    struct medium_record *record = &world->media[0].records[RECORD_KEYS][index];

    free(record->bytes);
    *record = (struct medium_record){.version = 0};
    for (size_t i = 0; i < world->count; i++)
        if (world->hosts[i].member != NULL)
            world->hosts[i].member->due.again = world->boot_ms;
}

/* How many keys of that maker are in the host's last record in the engine. */
static size_t
count_carried(const struct farm_world *world, size_t index, uint64_t maker)
{
    const struct medium_record *record = &world->media[0].records[RECORD_KEYS][index];
    struct record_head head;
    size_t count = 0;
    bool partly;
    KEYSET(said);
    SECRET_BUF(content);

    if (record->version == 0 ||
        record_unseal(&content, &head, &world->farm, record->bytes, record->len) != RECORD_OPENED ||
        !decode_keyset_parts(&said, &partly, content.bytes, content.len, world->unix_ms, NULL))
        return 0;
    for (size_t i = 0; i < said.key_count; i++)
        count += said.keys[i].maker == maker;
    return count;
}

static size_t
count_made(const struct farm_host *host, uint64_t maker)
{
    size_t count = 0;

    for (size_t i = 0; i < host->service->set.key_count; i++)
        count += host->service->set.keys[i].maker == maker &&
                 (host->service->set.keys[i].flags & KEY_REVOKED) == 0;
    return count;
}

/* The maker is gone, and the engine has lost its record: some others carry its keys, each with one
 * write, who joins has them, and when they are over nobody has. */
static void
test_record_lost(void **state)
{
    struct farm_world *world = begin_all_but_one();
    struct farm_host *joins;
    unsigned puts[HOSTS];
    size_t keys, carriers = 0;

    (void)state;
    assert_non_null(world);
    joins = &world->hosts[HOSTS];
    keys = count_made(&world->hosts[1], 1);
    assert_true(keys >= 2);
    host_close(&world->hosts[0]);
    farm_run(world, 2 * MINUTE_MS);
    note_puts(world, puts);
    lose_record(world, 0);
    farm_run(world, MINUTE_MS);
    assert_in_range(writers_since(world, puts), 3, HOSTS - 1);
    for (size_t i = 1; i < HOSTS; i++)
        carriers += count_carried(world, i, 1) == keys;
    assert_int_equal(carriers, writers_since(world, puts));
    farm_run(world, 4 * MINUTE_MS); /* all is as it should be: nobody writes */
    assert_int_equal(carriers, writers_since(world, puts));
    assert_true(host_open(joins));
    farm_run(world, MINUTE_MS);
    assert_int_equal(count_made(joins, 1), keys);
    assert_int_equal(host_puts(joins), 0);
    assert_true(farm_agrees(world));
    farm_run(world, 17 * HOUR_IN_MS);
    for (size_t i = 1; i < HOSTS; i++)
        assert_int_equal(count_carried(world, i, 1), 0);
    assert_int_equal(count_made(joins, 1), 0);
    assert_int_equal(farm_lines(world, "not all are taken"), 0);
}

/* The maker lost its memory and its record, and begins anew before others carry its keys: it gets
 * them from these, and says them with its next write; then nobody else does with his. */
static void
test_memory_lost(void **state)
{
    struct farm_world *world = begin_all_but_one();
    struct farm_host *maker;
    uint8_t name[KEY_NAME_LEN], other[KEY_NAME_LEN];
    unsigned puts[HOSTS];
    size_t keys;

    (void)state;
    assert_non_null(world);
    maker = &world->hosts[0];
    keys = count_made(maker, 1);
    host_close(maker);
    assert_true(host_lose_ring(maker));
    lose_record(world, 0);
    farm_run(world, 1000);
    assert_true(host_open(maker));
    note_puts(world, puts);
    assert_int_equal(order_rotate(maker, name), SERVICE_DONE);
    farm_run(world, 2 * MINUTE_MS);
    assert_true(count_made(maker, 1) > keys); /* and some made while it had none */
    assert_int_equal(count_made(maker, 1), count_made(&world->hosts[1], 1));
    for (size_t i = 1; i < HOSTS; i++) /* what they carry, and a key of their own perhaps */
        assert_true(host_puts(&world->hosts[i]) <= puts[i] + 3);
    note_puts(world, puts);
    farm_run(world, 3 * MINUTE_MS);
    assert_int_equal(writers_since(world, puts), 0);
    assert_int_equal(order_rotate(maker, name), SERVICE_DONE);
    farm_run(world, MINUTE_MS);
    assert_int_equal(count_carried(world, 0, 1), count_made(maker, 1));
    for (size_t i = 1; i < HOSTS; i++) {
        assert_int_equal(order_rotate(&world->hosts[i], other), SERVICE_DONE);
        farm_run(world, MINUTE_MS);
        assert_int_equal(count_carried(world, i, 1), 0);
    }
    assert_string_equal(maker->member->host_trouble.text, "");
}

/* What is revoked is not carried, neither by name nor by the mark, and comes back to nobody. */
static void
test_revoked(void **state)
{
    struct farm_world *world = begin_all_but_one();
    struct farm_host *joins;
    uint8_t name[KEY_NAME_LEN];

    (void)state;
    assert_non_null(world);
    joins = &world->hosts[HOSTS];
    memcpy(name, host_sealing(&world->hosts[1])->name, sizeof name);
    assert_int_equal(keyset_find(&world->hosts[1].service->set, name)->maker, 1);
    host_close(&world->hosts[0]);
    assert_int_equal(order_revoke(&world->hosts[2], name), SERVICE_DONE);
    farm_run(world, MINUTE_MS);
    lose_record(world, 0);
    farm_run(world, MINUTE_MS);
    assert_true(host_open(joins));
    farm_run(world, MINUTE_MS);
    assert_true(count_made(joins, 1) > 0);
    assert_int_equal(count_made(joins, 1), count_made(&world->hosts[1], 1));
    assert_false(host_has(joins, name, 0) && !host_has(joins, name, KEY_REVOKED));
    for (size_t i = 1; i < HOSTS; i++)
        assert_true(count_carried(world, i, 1) == 0 ||
                    count_carried(world, i, 1) == count_made(joins, 1));
}

/* After a rekey keys of a host that was put out are still known to who joins then. */
static void
test_rekey(void **state)
{
    struct farm_world *world = begin_all_but_one();
    struct farm_host *joins;
    size_t keys;
    FARM(fresh);

    (void)state;
    assert_non_null(world);
    joins = &world->hosts[HOSTS];
    keys = count_made(&world->hosts[1], 1);
    host_close(&world->hosts[0]);
    assert_true(farm_of(&fresh, 8, world->unix_ms));
    for (size_t i = 1; i <= HOSTS; i++)
        assert_true(host_write_farm(&world->hosts[i], &fresh));
    for (size_t i = 1; i < HOSTS; i++)
        assert_true(member_reload(world->hosts[i].member, host_now(&world->hosts[i]), NULL));
    farm_run(world, MINUTE_MS);
    assert_true(host_open(joins));
    farm_run(world, MINUTE_MS);
    assert_int_equal(count_made(joins, 1), keys);
    assert_true(farm_agrees(world));
}

/* keys = each: the keys of a host that is gone open on, also where they were never known, and seal
 * nowhere. */
static void
test_each(void **state)
{
    struct farm_world *world = farm_open(3);
    size_t keys;

    (void)state;
    assert_non_null(world);
    for (size_t i = 0; i < 3; i++)
        world->hosts[i].config.policy.each = true;
    assert_true(host_open(&world->hosts[0]) && host_open(&world->hosts[1]));
    farm_run(world, 3 * HOUR_IN_MS);
    keys = count_made(&world->hosts[1], 1);
    assert_true(keys >= 3);
    host_close(&world->hosts[0]);
    lose_record(world, 0);
    farm_run(world, MINUTE_MS);
    assert_int_equal(count_carried(world, 1, 1), keys);
    assert_true(host_open(&world->hosts[2]));
    farm_run(world, MINUTE_MS);
    assert_int_equal(count_made(&world->hosts[2], 1), keys);
    assert_int_equal(host_sealing(&world->hosts[1])->maker, 2);
    assert_int_equal(host_sealing(&world->hosts[2])->maker, 3);
}

/* One engine is not to be reached from the start: no key is an orphan for that, since its maker's
 * record may be there. */
static void
test_not_listed(void **state)
{
    struct farm_world *world = farm_open(3);
    struct farm_host *host;
    unsigned puts;

    (void)state;
    assert_non_null(world);
    for (size_t i = 0; i < 2; i++)
        host_configure(&world->hosts[i], 2);
    assert_true(host_open(&world->hosts[0]) && host_open(&world->hosts[1]));
    farm_run(world, HOUR_IN_MS);
    host = &world->hosts[1];
    assert_true(count_made(host, 1) > 0);
    host_close(&world->hosts[0]);
    host_close(host);
    lose_record(world, 0);
    host->scripts[1].is_mute = true;
    assert_true(host_open(host));
    puts = host_puts(host);
    farm_run(world, 2 * MINUTE_MS);
    assert_int_equal(count_carried(world, 1, 1), 0);
    assert_true(host_puts(host) <= puts + 1); /* its own keys */
    host->scripts[1].is_mute = false;
    farm_run(world, MINUTE_MS);
    assert_int_equal(count_carried(world, 1, 1), 0); /* the record is there */
    assert_true(count_made(host, 1) > 0);
}

/* Enough is counted in each engine: of six hosts three put to one engine alone, and one hears only
 * the other. What is revoked comes to that one by the two that have both. */
static void
test_by_engine(void **state)
{
    struct farm_world *world = farm_open(HOSTS);
    struct farm_host *apart;
    uint8_t name[KEY_NAME_LEN];

    (void)state;
    assert_non_null(world);
    apart = &world->hosts[HOSTS - 1];
    for (size_t i = 0; i < HOSTS; i++)
        host_configure(&world->hosts[i], 2);
    assert_true(farm_begin(world));
    assert_int_equal(order_rotate(&world->hosts[0], name), SERVICE_DONE);
    farm_run(world, MINUTE_MS);
    for (size_t i = 0; i < 3; i++)
        world->hosts[i].scripts[1].is_cut = true;
    apart->scripts[0].is_mute = apart->scripts[0].is_cut = true;
    assert_int_equal(order_revoke(&world->hosts[0], name), SERVICE_DONE);
    farm_pump(world);
    assert_int_equal(farm_having(world, name, KEY_REVOKED), HOSTS - 1);
    farm_run(world, MINUTE_MS);
    assert_int_equal(farm_having(world, name, KEY_REVOKED), HOSTS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_record_lost, farm_teardown),
        cmocka_unit_test_teardown(test_memory_lost, farm_teardown),
        cmocka_unit_test_teardown(test_revoked, farm_teardown),
        cmocka_unit_test_teardown(test_rekey, farm_teardown),
        cmocka_unit_test_teardown(test_each, farm_teardown),
        cmocka_unit_test_teardown(test_not_listed, farm_teardown),
        cmocka_unit_test_teardown(test_by_engine, farm_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
