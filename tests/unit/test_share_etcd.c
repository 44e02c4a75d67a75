/* The etcd engine where something is wrong with etcd, its data or what we may do there: it says so,
 * and once that is mended, what was put arrives. Each test has a real etcd of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine_etcd_support.h"

static struct farm_world world;

static int
setup(void **state)
{
    (void)state;
    return etcd_shared_open(1) && world_open(&world, &transport_etcd) ? 0 : 1;
}

static int
teardown(void **state)
{
    bool is_good = world_close(&world); /* R-ENGINE-1 */

    (void)state;
    etcd_shared_close();
    (void)unsetenv("ETCD_ARGS"); /* fails for no name only */
    return is_good ? 0 : 1;
}

static bool
etcdctl(const char *words)
{
    return nodes_do(&etcd_shared.nodes, "ctl %s", words);
}

static bool
node(const char *words)
{
    return nodes_do(&etcd_shared.nodes, "%s", words);
}

/* R-ENGINE-6 R-ENGINE-7 R-ENGINE-4: etcd is not there when we start; a list is answered all the
 * same. What was put then arrives when it comes. */
static void
test_down_at_start(void **state)
{
    (void)state;
    assert_true(node("kill 1"));
    assert_true(host_start(&world, 1, "www", NULL) && host_start(&world, 2, "www", NULL));
    assert_true(host_put(world.hosts[1], RECORD_KEYS, "early"));
    assert_true(says(world.hosts[2], false, "nothing listens there"));
    assert_non_null(strstr(host_state(world.hosts[2]).text, etcd_shared.nodes.endpoints[0]));
    assert_true(world.hosts[2]->states > 0);
    host_list(world.hosts[2], RECORD_STATUS);
    host_list(world.hosts[2], RECORD_KEYS);
    assert_true(etcd_hurry(world.hosts[2]));
    assert_true(list_ends(world.hosts[2], RECORD_KEYS));
    assert_true(world.hosts[2]->completed[RECORD_STATUS] > 0);
    assert_int_equal(world.hosts[2]->whole[RECORD_KEYS] + world.hosts[2]->whole[RECORD_STATUS], 0);
    assert_true(node("again 1") && node("await"));
    assert_true(etcd_hurry(world.hosts[1]) && etcd_hurry(world.hosts[2]));
    assert_true(reaches_all(&world, RECORD_KEYS, 1, "early"));
    assert_true(says(world.hosts[1], true, "well") && says(world.hosts[2], true, "well"));
}

/* R-ENGINE-6: it goes away and comes back, and history up to then is compacted meanwhile: so the
 * watch cannot go on where it was. */
static void
test_restart_and_compaction(void **state)
{
    static const struct engine_name seven = {RECORD_KEYS, 7};

    (void)state;
    assert_true(host_start(&world, 1, "www", NULL) && host_start(&world, 2, "www", NULL));
    assert_true(host_put(world.hosts[1], RECORD_KEYS, "before"));
    assert_true(reaches_all(&world, RECORD_KEYS, 1, "before"));
    assert_true(node("kill 1") && node("again 1") && node("await")); /* the loop stands still */
    client_close(&etcd_shared.client);
    assert_true(client_open(&etcd_shared.client, &etcd_shared.nodes));
    for (unsigned i = 0; i < 10; i++)
        assert_true(etcd_plant(&world, "www", &seven, i == 9 ? "nine" : "more", 4));
    assert_true(node("compact"));
    assert_true(host_put(world.hosts[2], RECORD_KEYS, "after"));
    assert_true(reaches_all(&world, RECORD_KEYS, 7, "nine"));
    assert_true(reaches_all(&world, RECORD_KEYS, 2, "after"));
    assert_true(says(world.hosts[1], true, "well"));
}

/* R-ENGINE-6: compaction under a watch that is well ends nothing. */
static void
test_compaction(void **state)
{
    (void)state;
    assert_true(host_start(&world, 1, "www", NULL) && host_start(&world, 2, "www", NULL));
    for (unsigned i = 0; i < 5; i++) {
        char text[16];

        (void)snprintf(text, sizeof text, "round %u", i);
        assert_true(host_put(world.hosts[1], RECORD_KEYS, text));
        assert_true(reaches_all(&world, RECORD_KEYS, 1, text));
        assert_true(node("compact"));
    }
}

/* R-ENGINE-3: all data are lost, in an etcd that else is the same: ours are put again. */
static void
test_data_lost(void **state)
{
    char command[128];

    (void)state;
    assert_true(host_start(&world, 1, "www", NULL) && host_start(&world, 2, "www", NULL));
    assert_true(host_put(world.hosts[1], RECORD_KEYS, "keys") &&
                host_put(world.hosts[1], RECORD_STATUS, "status"));
    assert_true(reaches_all(&world, RECORD_KEYS, 1, "keys"));
    for (unsigned i = 0; i < 20; i++) /* so that its revision was higher */
        assert_true(etcd_plant(&world, "other", &(struct engine_name){RECORD_KEYS, 9}, "x", 1));
    (void)snprintf(command, sizeof command, "rm -r %s/node1.data", etcd_shared.nodes.folder);
    assert_true(node("kill 1"));
    assert_int_equal(system(command), 0);
    assert_true(node("again 1"));
    assert_true(host_start(&world, 3, "www", NULL)); /* knows of nothing before */
    assert_true(reaches_all(&world, RECORD_KEYS, 1, "keys"));
    while (!host_has(world.hosts[3], RECORD_STATUS, 1, "status"))
        assert_true(list_ends(world.hosts[3], RECORD_STATUS));
}

/* R-ENGINE-7: a member that hangs is noticed by its silence, though the kernel under it answers. */
static void
test_hangs(void **state)
{
    (void)state;
    assert_true(host_start(&world, 1, "www", NULL));
    assert_true(says(world.hosts[1], true, "well"));
    assert_true(node("pause 1"));
    assert_true(says(world.hosts[1], false, "no sign of life"));
    assert_true(host_put(world.hosts[1], RECORD_KEYS, "meanwhile"));
    assert_true(node("resume 1"));
    assert_true(says(world.hosts[1], true, "well"));
    assert_true(reaches_all(&world, RECORD_KEYS, 1, "meanwhile"));
}

/* Roles: root's for all; `words` for stekd's. */
static bool
roles(const char *words)
{
    return etcdctl("user add root --no-password") && etcdctl("user grant-role root root") &&
           etcdctl("user add stekd --no-password") && etcdctl("role add stekd") && etcdctl(words) &&
           etcdctl("user grant-role stekd stekd") && etcdctl("auth enable");
}

/* R-ENGINE-7 R-ENGINE-6 R-ENGINE-4: who may not read is told what to grant, and goes on by itself
 * when that is done. */
static void
test_not_permitted(void **state)
{
    char grant[128];

    (void)state;
    assert_true(roles("role grant-permission stekd readwrite elsewhere/ --prefix=true"));
    assert_true(host_start(&world, 1, "www", NULL));
    assert_true(host_put(world.hosts[1], RECORD_KEYS, "mine"));
    assert_true(says(world.hosts[1], false, "permission denied"));
    assert_non_null(strstr(host_state(world.hosts[1]).text, "www/k/"));
    assert_non_null(strstr(host_state(world.hosts[1]).text, "client.pem names"));
    host_list(world.hosts[1], RECORD_STATUS);
    assert_true(etcd_hurry(world.hosts[1]));
    assert_true(list_ends(world.hosts[1], RECORD_STATUS));
    assert_int_equal(world.hosts[1]->whole[RECORD_STATUS], 0);
    (void)snprintf(grant, sizeof grant, "role grant-permission stekd readwrite %s --prefix=true",
                   world.path);
    assert_true(etcdctl(grant));
    assert_true(etcd_hurry(world.hosts[1]));
    assert_true(reaches_all(&world, RECORD_KEYS, 1, "mine"));
    assert_true(says(world.hosts[1], true, "well"));
}

/* R-ENGINE-7: roles as docs/share-etcd.md has them: each host writes its own keys alone. One that
 * may not write says so, and hears of the others. */
static void
test_roles(void **state)
{
    char words[160];

    (void)state;
    (void)snprintf(words, sizeof words, "role grant-permission stekd read %s --prefix=true",
                   world.path);
    assert_true(roles(words));
    for (unsigned kind = 0; kind < 2; kind++) {
        (void)snprintf(words, sizeof words, "role grant-permission stekd readwrite %swww/%c/%016x",
                       world.path, "ks"[kind], 1U);
        assert_true(etcdctl(words));
    }
    assert_true(host_start(&world, 1, "www", NULL) && host_start(&world, 2, "www", NULL));
    assert_true(host_put(world.hosts[2], RECORD_KEYS, "of another")); /* as the same user */
    assert_true(host_put(world.hosts[1], RECORD_KEYS, "mine") &&
                host_put(world.hosts[1], RECORD_STATUS, "status"));
    assert_true(reaches_all(&world, RECORD_KEYS, 1, "mine"));
    assert_true(says(world.hosts[1], true, "well"));
    assert_true(says(world.hosts[2], false, "the record of this host is not written"));
    assert_non_null(strstr(host_state(world.hosts[2]).text, "permission denied"));
    while (!host_has(world.hosts[2], RECORD_STATUS, 1, "status"))
        assert_true(list_ends(world.hosts[2], RECORD_STATUS));
}

/* R-ENGINE-7 R-ENGINE-6: a certificate that has expired, then one of another CA, then a good one,
 * under the same names: each is taken up by itself. */
static void
test_certificates(void **state)
{
    (void)state;
    assert_true(node("ca other") && node("cert host stekd -1"));
    etcd_shared_certificate("host");
    assert_true(host_start(&world, 1, "www", NULL));
    assert_true(host_put(world.hosts[1], RECORD_KEYS, "mine"));
    assert_true(says(world.hosts[1], false, "host.pem has expired"));
    assert_true(node("cert host stekd 30 other"));
    assert_true(says(world.hosts[1], false, "host.pem is refused: is it signed by the CA"));
    assert_true(node("cert host stekd"));
    assert_true(reaches_all(&world, RECORD_KEYS, 1, "mine"));
    assert_true(says(world.hosts[1], true, "well"));
}

/* R-ENGINE-7 R-ENGINE-6: no space is left in etcd, until somebody makes some. */
static void
test_no_space(void **state)
{
    static char large[1 << 20];
    unsigned count = 0;

    (void)state;
    assert_true(node("kill 1"));
    assert_int_equal(setenv("ETCD_ARGS", "--quota-backend-bytes 8388608", 1), 0);
    assert_true(node("again 1") && node("await"));
    assert_true(host_start(&world, 1, "www", NULL));
    assert_true(says(world.hosts[1], true, "well"));
    client_close(&etcd_shared.client);
    assert_true(client_open(&etcd_shared.client, &etcd_shared.nodes));
    while (count < 50 && client_put(&etcd_shared.client, "filling", large, sizeof large))
        count++;
    assert_true(count > 0 && count < 50);
    assert_true(host_put(world.hosts[1], RECORD_KEYS, "mine"));
    assert_true(says(world.hosts[1], false, "database space exceeded"));
    assert_non_null(strstr(host_state(world.hosts[1]).text, "etcdctl alarm disarm"));
    assert_true(etcdctl("del filling") && node("compact") && etcdctl("defrag") &&
                etcdctl("alarm disarm"));
    assert_true(etcd_hurry(world.hosts[1]));
    assert_true(reaches_all(&world, RECORD_KEYS, 1, "mine"));
    assert_true(says(world.hosts[1], true, "well"));
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_down_at_start), CASE(test_restart_and_compaction),
        CASE(test_compaction),    CASE(test_data_lost),
        CASE(test_hangs),         CASE(test_not_permitted),
        CASE(test_roles),         CASE(test_certificates),
        CASE(test_no_space),
    };

    if (!nodes_are_here()) {
        printf("1..0 # SKIP etcd is not here\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
