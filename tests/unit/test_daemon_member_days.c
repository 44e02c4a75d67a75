/* A farm through days: who makes its keys, and what becomes of its secret. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "member_support.h"

/* How many keys that count were made for epochs, by these hosts, and the most for one epoch. */
struct made {
    size_t keys, epochs, most, makers;
};

/* Look at what there is for the epoch after the next: its key was due half an epoch ago. */
static void
count_made(struct made *made, const struct farm_world *world, bool is_maker[FARM_HOSTS_MAX])
{
    const struct service *service = world->hosts[0].service;
    uint64_t epoch = schedule_epoch(&service->config.policy, world->unix_ms / 1000) + 1;
    uint64_t start_s = schedule_start_s(&service->config.policy, epoch);
    size_t count = 0;

    for (size_t i = 0; i < service->set.key_count; i++) {
        const struct key *key = &service->set.keys[i];

        if (key->seal_from != start_s || (key->flags & KEY_EMERGENCY) != 0)
            continue;
        count++;
        made->makers += !is_maker[key->maker - 1];
        is_maker[key->maker - 1] = true;
    }
    made->keys += count;
    made->epochs += count > 0;
    made->most = count > made->most ? count : made->most;
}

/* R-SERVICE-6: five hosts make hardly more than one key an epoch: two only where they drew the same
 * moment, of tens of thousands. None goes without, and each has its turns. */
static void
test_one_makes(void **state)
{
    enum { EPOCHS = 60 };
    struct farm_world *world = farm_open(5);
    bool is_maker[FARM_HOSTS_MAX] = {false};
    struct made made = {.keys = 0};
    size_t without = 0;

    (void)state;
    assert_non_null(world);
    assert_true(farm_begin(world));
    for (size_t i = 0; i < EPOCHS; i++) {
        farm_run(world, HOUR_IN_MS);
        count_made(&made, world, is_maker);
        without += !farm_agrees(world);
    }
    assert_false(world->is_stuck);
    assert_int_equal(without, 0);
    assert_int_equal(made.epochs, EPOCHS);
    assert_true(made.keys < EPOCHS + EPOCHS / 4);
    assert_true(made.makers > 1);
    assert_string_equal(world->hosts[4].service->last_error.text, "");
}

/* R-SERVICE-6: where others' keys do not come, a host makes them itself, none too late. */
static void
test_none_comes(void **state)
{
    struct farm_world *world = farm_open(3);
    size_t without = 0;

    (void)state;
    assert_non_null(world);
    assert_true(farm_begin(world));
    for (size_t i = 0; i < 3; i++)
        world->hosts[i].scripts[0].is_cut = true;
    for (size_t i = 0; i < 24; i++) {
        farm_run(world, HOUR_IN_MS);
        for (size_t j = 0; j < 3; j++)
            without += host_sealing(&world->hosts[j]) == NULL;
    }
    assert_int_equal(without, 0);
    for (size_t i = 0; i < 3; i++)
        assert_in_range(world->hosts[i].service->rotations, 23, 26);
}

static bool
load_farm(const struct farm_host *host, struct farm *farm)
{
    struct farm_paths paths;
    struct err warning;

    return farm_paths_set(&paths, "www", host->farm_path, NULL) &&
           farm_file_load(farm, &warning, &paths, NULL) == FARM_FILE_LOADED;
}

/* Not by memmem(), which would look at each byte: valgrind reports that of secrets. */
static bool
holds(const struct member *member, const struct secret *secret)
{
    const uint8_t *bytes = (const uint8_t *)member;
    bool found = false;

    for (size_t i = 0; i + sizeof *secret <= sizeof *member && !found; i++)
        found = secret_equal(bytes + i, secret->bytes, sizeof secret->bytes);
    return found;
}

/* R-MEMBER-6: after days what is on disk and in memory opens no record of the first one; what is
 * said today opens at all. */
static void
test_days(void **state)
{
    enum { DAYS = 5 };
    struct farm_world *world = farm_open(2);
    uint64_t keep;
    FARM(farm);

    (void)state;
    assert_non_null(world);
    keep = farm_keep_days(&world->hosts[0].config.policy);
    assert_true(farm_begin(world));
    assert_true(holds(world->hosts[0].member, &world->farm.first.secret));
    farm_run(world, DAYS * DAY_MS);
    assert_true(farm_agrees(world));
    for (size_t i = 0; i < 2; i++) {
        const struct farm_host *host = &world->hosts[i];
        uint64_t today = farm_day_of(host_now(host).unix_ms);

        assert_true(load_farm(host, &farm));
        assert_memory_equal(farm.id, world->farm.id, sizeof farm.id);
        assert_in_range(farm.first.number, today - keep - 1, today - keep);
        assert_true(secret_equal(&farm.first.secret, &host->member->farm.first.secret, SECRET_LEN));
        assert_false(holds(host->member, &world->farm.first.secret));
    }
}

/* What a host said is sealed anew with the secret of each day, so that whoever joins can open it
 * though nothing new was said: once a day, not all at midnight. */
static void
test_sealed_anew(void **state)
{
    enum { HOSTS = 6 };
    struct farm_world *world = farm_open(HOSTS);
    struct record_head head;
    uint64_t today;
    unsigned puts[HOSTS];
    uint8_t name[KEY_NAME_LEN];

    (void)state;
    assert_non_null(world);
    for (size_t i = 0; i < HOSTS; i++) { /* nothing new for days */
        world->hosts[i].config.policy = policy_of(12 * 86400, 3600, 7 * 86400);
        world->hosts[i].config.policy.max_session_s = 14 * (uint64_t)86400;
    }
    assert_true(farm_begin(world));
    for (size_t i = 0; i < HOSTS; i++)
        assert_int_equal(order_rotate(&world->hosts[i], name), SERVICE_DONE);
    farm_run(world, HOUR_IN_MS);
    for (size_t i = 0; i < HOSTS; i++)
        puts[i] = host_puts(&world->hosts[i]);
    today = farm_day_of(world->unix_ms) + 1;
    farm_run(world, today * DAY_MS - world->unix_ms);
    for (size_t i = 0; i < HOSTS; i++)
        assert_int_equal(host_puts(&world->hosts[i]), puts[i]);
    farm_run(world, 3 * HOUR_IN_MS);
    for (size_t i = 0; i < HOSTS; i++) {
        const struct medium_record *record = &world->media[0].records[RECORD_KEYS][i];

        assert_int_equal(host_puts(&world->hosts[i]), puts[i] + 1);
        assert_int_equal(record_peek(&head, record->bytes, record->len), RECORD_OPENED);
        assert_int_equal(farm_day_of(head.sequence), today);
    }
}

/* R-MEMBER-6: a clock that is a month ahead for days costs no membership: when it is right again,
 * so is all. The other host goes on. */
static void
test_mad_clock(void **state)
{
    struct farm_world *world = farm_open(2);
    struct farm_host *mad;
    uint64_t first;
    FARM(farm);

    (void)state;
    assert_non_null(world);
    assert_true(farm_begin(world));
    mad = &world->hosts[1];
    host_close(mad);
    mad->ahead_ms = (int64_t)(30 * DAY_MS);
    assert_true(host_open(mad));
    farm_run(world, DAY_MS);
    assert_true(load_farm(mad, &farm));
    assert_true(farm.first.number <= farm_day_of(world->unix_ms));
    assert_non_null(host_sealing(mad));
    assert_non_null(host_sealing(&world->hosts[0]));
    host_close(mad);
    mad->ahead_ms = 0;
    assert_true(host_open(mad));
    farm_run(world, HOUR_IN_MS);
    first = mad->member->farm.first.number;
    assert_true(first <= farm_day_of(world->unix_ms));
    assert_true(farm_agrees(world));
    assert_string_equal(mad->service->last_error.text, "");
}

/* Nothing can take the place of the file. */
static bool
block_file(const struct farm_host *host, bool is_on)
{
    char path[128];

    (void)snprintf(path, sizeof path, "%s.new", host->farm_path);
    return is_on ? mkdir(path, 0700) == 0 : rmdir(path) == 0;
}

/* R-MEMBER-6: what could not be saved is told until it is saved, which is tried again. */
static void
test_not_saved(void **state)
{
    struct farm_world *world = farm_open(2);
    struct farm_host *host;
    uint64_t first;
    struct err trouble = {""};
    FARM(farm);

    (void)state;
    assert_non_null(world);
    host = &world->hosts[1];
    first = world->farm.first.number;
    assert_true(farm_begin(world) && block_file(host, true));
    farm_run(world, 4 * DAY_MS + 2 * HOUR_IN_MS);
    assert_true(farm_agrees(world));
    assert_true(load_farm(host, &farm));
    assert_int_equal(farm.first.number, first);
    assert_true(host->member->farm.first.number > first);
    member_trouble(host->member, &trouble);
    assert_non_null(strstr(trouble.text, "not saved"));
    assert_true(block_file(host, false));
    farm_run(world, HOUR_IN_MS);
    assert_true(load_farm(host, &farm));
    assert_int_equal(farm.first.number, host->member->farm.first.number);
    trouble.text[0] = '\0';
    member_trouble(host->member, &trouble);
    assert_string_equal(trouble.text, "");
}

/* Another farm's file, deployed and not yet reloaded, is not written over as a day ends. */
static void
test_deployed(void **state)
{
    struct farm_world *world = farm_open(2);
    struct farm_host *host;
    struct err trouble = {""};
    FARM(other);
    FARM(farm);

    (void)state;
    assert_non_null(world);
    host = &world->hosts[1];
    assert_true(farm_begin(world));
    other = world->farm;
    other.id[0] ^= 1;
    assert_true(host_write_farm(host, &other));
    farm_run(world, 4 * DAY_MS);
    assert_true(load_farm(host, &farm));
    assert_memory_equal(farm.id, other.id, sizeof farm.id);
    member_trouble(host->member, &trouble);
    assert_non_null(strstr(trouble.text, "reload stekd to move there"));
    assert_true(farm_agrees(world)); /* until then all is as it was */
    assert_true(member_reload(host->member, host_now(host), NULL));
    assert_memory_equal(host->member->farm.id, other.id, sizeof other.id);
}

/* A file that its owner may not write stays as it was deployed, and that is no trouble. */
static void
test_fixed(void **state)
{
    struct farm_world *world = farm_open(2);
    struct farm_host *host;
    struct err trouble = {""};
    FARM(farm);

    (void)state;
    assert_non_null(world);
    host = &world->hosts[1];
    assert_int_equal(chmod(host->farm_path, 0400), 0);
    assert_true(farm_begin(world));
    farm_run(world, 4 * DAY_MS);
    assert_true(load_farm(host, &farm));
    assert_int_equal(farm.first.number, world->farm.first.number);
    assert_true(host->member->farm.first.number > farm.first.number);
    member_trouble(host->member, &trouble);
    assert_string_equal(trouble.text, "");
    assert_true(farm_agrees(world));
}

static bool
put_request(const struct farm_host *host)
{
    struct ring_time now = host_now(host);
    struct farm_paths paths;
    uint64_t rng = 5;
    SECRET(fresh);
    SECRET_BUF(line);
    JOIN(join);

    rng_fill(&rng, fresh.bytes, sizeof fresh.bytes);
    return farm_paths_set(&paths, "www", host->farm_path, NULL) &&
           join_ask(&join, &line, &fresh, host->id, "host", "www", now.unix_ms / 1000, NULL) &&
           farm_file_save_join(&paths, &join, NULL);
}

static bool
has_request(const struct farm_host *host)
{
    char path[96];

    (void)snprintf(path, sizeof path, "%s/farm/www.join", host->folder);
    return access(path, F_OK) == 0;
}

/* R-FARMFILE-5: the key of a request is destroyed when its hour is over, also where stekd was
 * started meanwhile, or has no farm. */
static void
test_request_over(void **state)
{
    struct farm_world *world = farm_open(3);
    struct farm_host *hosts;

    (void)state;
    assert_non_null(world);
    hosts = world->hosts;
    assert_int_equal(unlink(hosts[2].farm_path), 0);
    assert_true(farm_begin(world));
    assert_false(hosts[2].member->has_farm);
    for (size_t i = 0; i < 3; i++) {
        assert_true(put_request(&hosts[i]));
        member_asked(hosts[i].member, host_now(&hosts[i]));
    }
    farm_run(world, HOUR_IN_MS / 2);
    host_close(&hosts[1]);
    assert_true(host_open(&hosts[1]));
    farm_run(world, HOUR_IN_MS / 2 - 2000);
    for (size_t i = 0; i < 3; i++)
        assert_true(has_request(&hosts[i]));
    farm_run(world, 4000);
    for (size_t i = 0; i < 3; i++)
        assert_false(has_request(&hosts[i]));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_one_makes, farm_teardown),
        cmocka_unit_test_teardown(test_none_comes, farm_teardown),
        cmocka_unit_test_teardown(test_days, farm_teardown),
        cmocka_unit_test_teardown(test_sealed_anew, farm_teardown),
        cmocka_unit_test_teardown(test_mad_clock, farm_teardown),
        cmocka_unit_test_teardown(test_not_saved, farm_teardown),
        cmocka_unit_test_teardown(test_deployed, farm_teardown),
        cmocka_unit_test_teardown(test_fixed, farm_teardown),
        cmocka_unit_test_teardown(test_request_over, farm_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
