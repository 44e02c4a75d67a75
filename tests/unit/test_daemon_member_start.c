/* How a host begins in a farm, and that it serves on with whatever is missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "member_support.h"

/* R-MEMBER-4: nobody answers: no key is made for 5 s, then one, and it is said what is wrong. */
static void
test_nobody_answers(void **state)
{
    struct farm_world *world = farm_open(1);
    struct farm_host *host;

    (void)state;
    assert_non_null(world);
    host = &world->hosts[0];
    host->scripts[0].is_mute = true;
    assert_true(host_open(host));
    farm_run(world, MEMBER_LISTING_MS - 1);
    assert_int_equal(host->service->set.key_count, 0);
    assert_string_equal(host->service->last_error.text, ""); /* it is no trouble yet */
    farm_run(world, 1);
    assert_non_null(host_sealing(host));
    assert_int_equal(farm_lines(world, "made since none could seal"), 1);
    farm_run(world, 3000);
    assert_int_equal(farm_lines(world, "made since none could seal"), 1);
    host_tick(host);
    assert_non_null(strstr(host->service->last_error.text, "engine scripted: it does not answer"));
}

/* R-MEMBER-4: others' keys are there, though it takes a while to hear them: none is made. */
static void
test_late_answer(void **state)
{
    struct farm_world *world = farm_open(2);

    (void)state;
    assert_non_null(world);
    assert_true(host_open(&world->hosts[0]));
    farm_run(world, HOUR_IN_MS);
    world->hosts[1].scripts[0].is_mute = true;
    assert_true(host_open(&world->hosts[1]));
    farm_run(world, MEMBER_LISTING_MS - 1);
    assert_int_equal(world->hosts[1].service->set.key_count, 0);
    world->hosts[1].scripts[0].is_mute = false;
    farm_pump(world);
    assert_false(member_is_listing(world->hosts[1].member));
    assert_true(farm_agrees(world));
    farm_run(world, MINUTE_MS);
    assert_int_equal(farm_lines(world, "made since none could seal"), 1); /* of the first host */
    assert_int_equal(world->hosts[0].service->set.key_count,
                     world->hosts[1].service->set.key_count);
}

/* R-MEMBER-4: of two engines the one that does not answer is waited for, too; who has keys in its
 * ring seals with them meanwhile. */
static void
test_one_of_two(void **state)
{
    struct farm_world *world = farm_open(1);
    struct farm_host *host;

    (void)state;
    assert_non_null(world);
    host = &world->hosts[0];
    host_configure(host, 2);
    host->scripts[1].is_mute = true;
    assert_true(host_open(host));
    farm_run(world, MEMBER_LISTING_MS - 1);
    assert_int_equal(host->service->set.key_count, 0);
    farm_run(world, MINUTE_MS);
    assert_non_null(host_sealing(host));
    host_close(host);
    assert_true(host_open(host));
    assert_true(member_is_listing(host->member));
    assert_non_null(host_sealing(host));
    farm_run(world, MINUTE_MS);
    assert_int_equal(farm_lines(world, "made since none could seal"), 1);
}

/* Half a day alone: a key seals all the time, and they rotate. */
static bool
lives_alone(struct farm_world *world, struct farm_host *host)
{
    uint64_t before = host->service->rotations;
    bool is_sealing = true;

    for (unsigned i = 0; i < 72; i++) {
        farm_run(world, 10 * MINUTE_MS);
        is_sealing = is_sealing && host_sealing(host) != NULL;
    }
    return is_sealing && host->service->rotations - before >= 11;
}

/* R-MEMBER-5 */
static void
test_no_secret(void **state)
{
    struct farm_world *world = farm_open(1);
    struct farm_host *host;

    (void)state;
    assert_non_null(world);
    host = &world->hosts[0];
    assert_int_equal(unlink(host->farm_path), 0);
    assert_true(host_open(host));
    assert_non_null(host_sealing(host)); /* at once: there is nobody to hear */
    assert_true(lives_alone(world, host));
    assert_non_null(strstr(host->service->last_error.text, "there is no farm secret in "));
    assert_non_null(strstr(host->service->last_error.text, "stekctl farm init"));
    assert_int_equal(host->scripts[0].starts, 0);
    assert_int_equal(farm_lines(world, "there is no farm secret"), 1);
}

static const char damage[] = "stek-farm1 no such thing\n";

static bool
is_damage_left(const struct farm_host *host)
{
    char text[sizeof damage + 8] = "";
    FILE *file = fopen(host->farm_path, "r");
    size_t len = file == NULL ? 0 : fread(text, 1, sizeof text, file);

    return file != NULL && fclose(file) == 0 && len == sizeof damage - 1 &&
           memcmp(text, damage, len) == 0;
}

/* R-MEMBER-5: the file stays for who wants to see what became of it; when it is moved away, nobody
 * speaks of it any more; when a good one is there, a reload joins the farm with the keys that were
 * made alone. */
static void
test_damaged_secret(void **state)
{
    struct farm_world *world = farm_open(2);
    struct farm_host *host;
    struct err err = {""};

    (void)state;
    assert_non_null(world);
    host = &world->hosts[1];
    assert_true(host_open(&world->hosts[0]));
    assert_true(farm_write(host->farm_path, damage, sizeof damage - 1));
    assert_true(host_open(host));
    assert_true(lives_alone(world, host));
    assert_non_null(strstr(host->service->last_error.text, host->farm_path));
    assert_non_null(strstr(host->service->last_error.text, "put the file of another host there"));
    assert_true(is_damage_left(host));
    assert_false(member_reload(host->member, host_now(host), &err));
    assert_non_null(strstr(err.text, host->farm_path));
    assert_int_equal(unlink(host->farm_path), 0);
    assert_true(member_reload(host->member, host_now(host), &err));
    host_tick(host);
    assert_non_null(strstr(host->service->last_error.text, "there is no farm secret"));
    assert_true(host_write_farm(host, &world->farm));
    assert_true(member_reload(host->member, host_now(host), &err));
    farm_run(world, MINUTE_MS);
    assert_string_equal(host->service->last_error.text, "");
    assert_true(farm_agrees(world));
    assert_int_equal(world->hosts[0].service->set.key_count, host->service->set.key_count);
}

/* R-MEMBER-5: an engine that does not start is started later. */
static void
test_engine_fails(void **state)
{
    struct farm_world *world = farm_open(2);
    struct farm_host *host;

    (void)state;
    assert_non_null(world);
    host = &world->hosts[1];
    assert_true(host_open(&world->hosts[0]));
    host->scripts[0].refuses_start = true;
    assert_true(host_open(host));
    farm_run(world, MEMBER_LISTING_MS);
    assert_non_null(host_sealing(host));
    assert_true(lives_alone(world, host));
    assert_non_null(strstr(host->service->last_error.text, "engine scripted: no memory to start"));
    assert_int_equal(farm_lines(world, "engine scripted: no memory to start"), 1);
    host->scripts[0].refuses_start = false;
    farm_run(world, MINUTE_MS);
    assert_int_equal(host->scripts[0].starts, 1);
    assert_true(host_puts(host) > 0); /* what it made alone */
    assert_string_equal(host->service->last_error.text, "");
    assert_true(farm_agrees(world));
}

/* R-MEMBER-5: nothing of a farm can be had at all. */
static void
test_nothing(void **state)
{
    struct farm_world *world = farm_open(1);
    struct farm_host *host;

    (void)state;
    assert_non_null(world);
    host = &world->hosts[0];
    assert_true(farm_write(host->farm_path, damage, sizeof damage - 1));
    host->scripts[0].refuses_start = true;
    host->scripts[0].refuses_put = true;
    assert_true(host_open(host));
    assert_non_null(host_sealing(host));
    assert_true(lives_alone(world, host));
    assert_non_null(strstr(host->service->last_error.text, host->farm_path));
}

/* R-MEMBER-5: records that are none, damaged, or of nobody are counted and told once. */
static void
test_bad_records(void **state)
{
    struct farm_world *world = farm_open(2);
    struct medium_record *record;
    uint8_t noise[300];
    uint64_t rng = rng_seed();

    (void)state;
    assert_non_null(world);
    assert_true(farm_begin(world));
    rng_fill(&rng, noise, sizeof noise);
    for (size_t i = 10; i < 20; i++)
        for (enum record_kind kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++)
            assert_true(medium_put(world, 0, kind, i, i + 1, noise, sizeof noise));
    record = &world->media[0].records[RECORD_KEYS][0];
    record->bytes[record->len - 1] ^= 1;
    record->version = ++world->media[0].version;
    assert_true(lives_alone(world, &world->hosts[0]));
    assert_true(farm_agrees(world));
    assert_true(world->hosts[0].member->inbox.counts[RECORD_MALFORMED] >= 20);
    assert_int_equal(farm_lines(world, "was refused: "), 2); /* once at each host */
    assert_string_equal(world->hosts[0].service->last_error.text, "");
}

/* R-MEMBER-1: an engine that is unwell, and could not tell all, is asked again: else a host would
 * not speak as long as it is unwell, for another host's wrong clock, say. */
static void
test_unwell(void **state)
{
    struct farm_world *world = farm_open(2);
    struct farm_host *host;
    uint8_t name[KEY_NAME_LEN];

    (void)state;
    assert_non_null(world);
    host = &world->hosts[1];
    assert_true(host_open(&world->hosts[0]));
    host->scripts[0].is_partial = true;
    host->scripts[0].trouble = "the clock of another host is wrong";
    assert_true(host_open(host));
    farm_run(world, MINUTE_MS);
    assert_int_equal(host->scripts[0].puts[RECORD_KEYS], 0);
    host->scripts[0].is_partial = false;
    farm_run(world, MINUTE_MS);
    assert_true(host->member->engines[0].is_read);
    assert_int_equal(order_rotate(host, name), SERVICE_DONE);
    assert_true(host->scripts[0].puts[RECORD_KEYS] > 0);
}

static void
say_state(struct script *script, const char *trouble)
{
    script->trouble = trouble;
    script->at->events.state(script->at->events.arg);
}

/* An engine that fails in two ways in turn tells each once, until it is well; and one with always
 * another text does not fill the log either. */
static void
test_tells_once(void **state)
{
    struct farm_world *world = farm_open(1);
    struct script *script;
    char text[16];

    (void)state;
    assert_non_null(world);
    assert_true(farm_begin(world));
    script = &world->hosts[0].scripts[0];
    for (unsigned i = 0; i < 10; i++) {
        say_state(script, "it is reset");
        say_state(script, "it is closed");
    }
    assert_int_equal(farm_lines(world, "it is reset"), 1);
    assert_int_equal(farm_lines(world, "it is closed"), 1);
    say_state(script, NULL);
    assert_int_equal(farm_lines(world, "well again"), 1);
    say_state(script, "it is reset");
    assert_int_equal(farm_lines(world, "it is reset"), 2);
    for (unsigned i = 0; i < 100; i++) {
        (void)snprintf(text, sizeof text, "failure %u", i); /* fits */
        say_state(script, text);
    }
    assert_in_range(farm_lines(world, "failure "), 1, MEMBER_TOLD_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_nobody_answers, farm_teardown),
        cmocka_unit_test_teardown(test_late_answer, farm_teardown),
        cmocka_unit_test_teardown(test_one_of_two, farm_teardown),
        cmocka_unit_test_teardown(test_no_secret, farm_teardown),
        cmocka_unit_test_teardown(test_damaged_secret, farm_teardown),
        cmocka_unit_test_teardown(test_engine_fails, farm_teardown),
        cmocka_unit_test_teardown(test_nothing, farm_teardown),
        cmocka_unit_test_teardown(test_bad_records, farm_teardown),
        cmocka_unit_test_teardown(test_unwell, farm_teardown),
        cmocka_unit_test_teardown(test_tells_once, farm_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
