/* What stekd.conf may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/value.h"
#include "config_support.h"

static void
test_defaults(void **state)
{
    struct config config = {0};
    struct err err;

    (void)state;
    assert_true(parse(&config, "keyset \"www\" { }", &err));
    assert_int_equal(config.count, 1);
    assert_string_equal(config.keysets[0].name, "www");
    assert_int_equal(config.keysets[0].policy.rotate_s, 3600);
    assert_int_equal(config.keysets[0].policy.lifetime_s, 43200);
    assert_int_equal(config.keysets[0].policy.patience_s, 900);
    assert_int_equal(config.keysets[0].policy.max_session_s, 86400);
    assert_false(config.keysets[0].policy.each);
    assert_int_equal(config.keysets[0].capacity, 1024);
    assert_true(config.keysets[0].group.gid == (gid_t)-1);
    config_free(&config);
}

static void
test_all_options(void **state)
{
    static const char text[] = "# two keysets // here\n"
                               "keyset \"www\" {\n"
                               "    rotate = 15m # quick /* not a comment's begin\n"
                               "    lifetime = 7d   max_session = 8d\n"
                               "    patience = 90s\n"
                               "    capacity = 65536\n"
                               "    keys = each\n"
                               "    group = \"root\"\n"
                               "    persist = \"credential:www\" persist_file = /var/www.keys\n"
                               "}\n"
                               "/* the\n * other */ keyset mail-2.example_x { rotate = '7200' }\n";
    struct config config = {0};
    struct err err;

    (void)state;
    assert_true(parse(&config, text, &err));
    assert_int_equal(config.count, 2);
    assert_int_equal(config.keysets[0].policy.rotate_s, 900);
    assert_int_equal(config.keysets[0].policy.lifetime_s, 604800);
    assert_int_equal(config.keysets[0].policy.patience_s, 90);
    assert_int_equal(config.keysets[0].policy.max_session_s, 691200);
    assert_true(config.keysets[0].policy.each);
    assert_int_equal(config.keysets[0].capacity, 65536);
    assert_true(config.keysets[0].group.gid == 0);
    assert_string_equal(config.keysets[0].persist, "credential:www");
    assert_string_equal(config.keysets[0].persist_file, "/var/www.keys");
    assert_string_equal(config.keysets[1].persist, "");
    assert_ptr_equal(config_find(&config, "mail-2.example_x"), &config.keysets[1]);
    assert_int_equal(config.keysets[1].policy.rotate_s, 7200);
    assert_int_equal(config.keysets[1].policy.patience_s, 1800);
    assert_null(config_find(&config, "www2"));
    config_free(&config);
}

/* Sections of several kinds, in any order: each has its own line in errors. */
/* What a keyset shares: copies are equal, and changes seen. */
static void
test_shares(void **state)
{
    static const char text[] =
        "keyset a { farm = \"/var/a.farm\"\n share \"directory\" { path = /srv/a } }\n"
        "keyset b { share \"directory\" { path = /srv/a } }\n"
        "keyset c { share \"directory\" { path = /srv/a read_only = true } }\n"
        "keyset d { }";
    struct config config = {0};
    struct config_shares copy = {0};
    struct err err;

    (void)state;
    assert_true(parse(&config, text, &err));
    assert_string_equal(config.keysets[0].farm, "/var/a.farm");
    assert_string_equal(config.keysets[1].farm, "");
    assert_int_equal(config.keysets[0].shares.count, 1);
    assert_int_equal(config.keysets[3].shares.count, 0);
    assert_ptr_equal(config.keysets[0].shares.all[0].kind, &engine_directory);
    assert_string_equal(config.keysets[0].shares.all[0].options[0].value, "/srv/a");
    assert_true(config_shares_equal(&config.keysets[0].shares, &config.keysets[1].shares));
    assert_false(config_shares_equal(&config.keysets[0].shares, &config.keysets[2].shares));
    assert_false(config_shares_equal(&config.keysets[0].shares, &config.keysets[3].shares));
    assert_true(config_shares_copy(&copy, &config.keysets[2].shares));
    assert_true(config_shares_equal(&copy, &config.keysets[2].shares));
    config_free(&config);
    assert_string_equal(copy.all[0].options[1].value, "true");
    config_shares_free(&copy);
    assert_int_equal(copy.count, 0);
}

/* Groups of the control socket; without the section there are none. */
static void
test_control(void **state)
{
    struct config config = {0};
    struct err err;

    (void)state;
    assert_true(parse(&config, "control { observer = games }\nkeyset www { }", &err));
    assert_string_equal(config.control.observer.name, "games");
    assert_int_equal(config.control.observer.gid, 60);
    assert_string_equal(config.control.admin.name, "");
    config_free(&config);
    assert_true(parse(&config, "keyset www { }\ncontrol { admin = adm observer = games }", &err));
    assert_string_equal(config.control.admin.name, "adm");
    assert_int_equal(config.control.admin.gid, 4);
    config_free(&config);
    assert_true(parse(&config, "keyset www { }", &err));
    assert_string_equal(config.control.admin.name, "");
    assert_string_equal(config.control.observer.name, "");
    config_free(&config);
}

static void
test_metrics(void **state)
{
    static const char text[] = "metrics {\n  listen = { \"127.0.0.1:9779\", # here\n"
                               " '[2001:DB8:0::1]:65535' }\n}\nkeyset www { }\n";
    static const char faulty_end[] = "keyset a { }\nmetrics {\n}\nkeyset b {\n}\n"
                                     "keyset c {\n lifetime = 7d }\n";
    struct config config = {0};
    struct err err;

    (void)state;
    assert_true(parse(&config, text, &err));
    assert_int_equal(config.count, 1);
    assert_int_equal(config.metrics.listen.count, 2);
    assert_string_equal(config.metrics.listen.addresses[0].text, "127.0.0.1:9779");
    assert_string_equal(config.metrics.listen.addresses[1].text, "[2001:db8::1]:65535");
    config_free(&config);
    assert_true(parse(&config, "metrics { listen = 10.0.0.1:80 } keyset www { }", &err));
    assert_int_equal(config.metrics.listen.count, 1);
    config_free(&config);
    assert_true(parse(&config, "keyset www { } metrics { }", &err));
    assert_int_equal(config.metrics.listen.count, 0);
    config_free(&config);
    assert_false(parse(&config, faulty_end, &err));
    assert_true(begins(err.text, "f:6: keyset \"c\": max_session = 86400 s: "));
}

/* What is no address with a port: nothing of it is taken. */
static void
test_addresses(void **state)
{
    static const char *const good[] = {"127.0.0.1:1", "0.0.0.0:65535", "[::]:9779",
                                       "[fe80::1]:00080",
                                       "[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535"};
    static const char *const bad[] = {"",
                                      ":",
                                      ":1",
                                      "[]:1",
                                      "[:1",
                                      "]:1",
                                      "[::1]:",
                                      "[::1]1",
                                      "::1:1",
                                      "[127.0.0.1]:1",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:000001",
                                      "127.0.0.1:+1",
                                      "127.0.0.1:1 ",
                                      "127.1:1",
                                      "[fe80::1%lo]:1",
                                      "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:1"};
    struct listen_address address = {"as it was"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(listen_address_parse(&address, bad[i]));
    assert_string_equal(address.text, "as it was");
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(listen_address_parse(&address, good[i]));
    assert_string_equal(address.text, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

static void
test_built_in(void **state)
{
    struct config config = {0};
    struct err err;

    (void)state;
    assert_true(config_load(&config, "/nonexistent/stekd.conf", true, &err));
    assert_int_equal(config.count, 1);
    assert_string_equal(config.keysets[0].name, "default");
    config_free(&config);
    assert_false(config_load(&config, "/nonexistent/stekd.conf", false, &err));
    assert_string_equal(err.text,
                        "configuration: /nonexistent/stekd.conf: No such file or directory");
    assert_false(config_load(&config, "/", true, &err));
    assert_string_equal(err.text, "configuration: /: not a regular file");
}

static void
test_durations(void **state)
{
    static const struct {
        const char *text;
        uint64_t seconds;
    } good[] = {
        {"0", 0},     {"90", 90},     {"90s", 90},   {"15m", 900},
        {"1h", 3600}, {"7d", 604800}, {"007m", 420}, {"18446744073709551614", UINT64_MAX - 1}};
    static const char *const bad[] = {"",
                                      "s",
                                      "1w",
                                      "1H",
                                      "1 h",
                                      "-1",
                                      "+1",
                                      "1.5h",
                                      "h1",
                                      "1hh",
                                      "1h30m",
                                      "0x10",
                                      "18446744073709551615",
                                      "18446744073709551616",
                                      "99999999999999999999999h",
                                      "213503982334602d"};
    uint64_t seconds = 77;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(config_duration(&seconds, good[i].text));
        assert_int_equal(seconds, good[i].seconds);
    }
    seconds = 77;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(config_duration(&seconds, bad[i]));
    assert_int_equal(seconds, 77);
}

static void
test_keyset_limit(void **state)
{
    char *text = malloc(300 * 32);
    size_t len = 0;
    struct config config = {0};
    struct err err;

    (void)state;
    assert_non_null(text);
    for (unsigned i = 0; i < CONFIG_KEYSETS_MAX; i++)
        len += (size_t)sprintf(text + len, "keyset \"k%u\" { }\n", i);
    assert_true(parse(&config, text, &err));
    assert_int_equal(config.count, CONFIG_KEYSETS_MAX);
    config_free(&config);
    (void)sprintf(text + len, "keyset \"last\" { }\n");
    assert_false(parse(&config, text, &err));
    assert_string_equal(err.text,
                        "f:257: keyset \"last\": too many keysets: one stekd keeps up to 256");
    free(text);
}

static void
test_file(void **state)
{
    char path[] = "/tmp/stek-config-XXXXXX";
    int fd = mkstemp(path);
    struct config config = {0};
    struct err err;
    bool short_ok, long_ok;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "keyset www { }\n", 15), 15);
    short_ok = config_load(&config, path, false, &err);
    config_free(&config);
    assert_int_equal(ftruncate(fd, CONFIG_MAX + 1), 0);
    long_ok = config_load(&config, path, false, &err);
    close(fd);
    unlink(path);
    assert_true(short_ok);
    assert_false(long_ok);
    assert_non_null(strstr(err.text, ": longer than 262144 bytes"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),     cmocka_unit_test(test_all_options),
        cmocka_unit_test(test_control),      cmocka_unit_test(test_shares),
        cmocka_unit_test(test_metrics),      cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_built_in),     cmocka_unit_test(test_durations),
        cmocka_unit_test(test_keyset_limit), cmocka_unit_test(test_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
