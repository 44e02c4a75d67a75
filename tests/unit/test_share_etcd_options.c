/* What the etcd engine lets by of its options, and how it names its keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "share/etcd_inner.h"

#define GIVEN_MAX 8

/* All that is needed, with one that is other; NULL as its value: left out. */
static bool
check(const char *name, const char *value, struct err *err)
{
    const struct engine_option all[] = {{"endpoints", "https://192.0.2.1:2379"},
                                        {"ca", "/etc/stek/ca.pem"},
                                        {"cert", "/etc/stek/host.pem"},
                                        {"key", "/etc/stek/host.key"}};
    struct engine_option given[GIVEN_MAX];
    size_t count = 0;

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i].name, name) != 0)
            given[count++] = all[i];
    }
    if (value != NULL)
        given[count++] = (struct engine_option){name, value};
    return engine_etcd.check(given, count, err);
}

static void
test_good(void **state)
{
    static const char *const cases[][2] = {
        {"endpoints", "https://192.0.2.1:2379"},
        {"endpoints", "https://etcd-1.example.org:443"},
        {"endpoints", "https://[2001:db8::1]:2379"},
        {"prefix", "stek/"},
        {"prefix", "a/b.c_d-E/"},
        {"heartbeat", "200ms"},
        {"heartbeat", "2s"},
        {"heartbeat", "60s"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_true(check(cases[i][0], cases[i][1], NULL));
}

/* Each says which option it is, and what to do. */
static void
test_bad(void **state)
{
    static const struct {
        const char *name, *value, *says;
    } cases[] = {
        {"endpoints", NULL, "https://HOST:2379"},
        {"endpoints", "http://192.0.2.1:2379", "over TLS alone"},
        {"endpoints", "192.0.2.1:2379", "https://HOST:PORT"},
        {"endpoints", "https://", "https://HOST:PORT"},
        {"endpoints", "https://192.0.2.1", "https://HOST:PORT"},
        {"endpoints", "https://:2379", "https://HOST:PORT"},
        {"endpoints", "https://a.example:", "https://HOST:PORT"},
        {"endpoints", "https://a.example:2379/", "https://HOST:PORT"},
        {"endpoints", "https://a.example:123456", "https://HOST:PORT"},
        {"endpoints", "https://user@a.example:2379", "https://HOST:PORT"},
        {"endpoints", "https://2001:db8::1:2379", "in []"},
        {"endpoints", "https://[2001:db8::1]", "https://HOST:PORT"},
        {"ca", NULL, "ca: give the file"},
        {"ca", "ca.pem", "from / on"},
        {"cert", "", "cert: give the file"},
        {"key", NULL, "key: give the file"},
        {"prefix", "", "/ at its end"},
        {"prefix", "stek", "/ at its end"},
        {"prefix", "st ek/", "letters, digits"},
        {"heartbeat", "", "from 200ms to 60s"},
        {"heartbeat", "2", "from 200ms to 60s"},
        {"heartbeat", "-2s", "from 200ms to 60s"},
        {"heartbeat", "199ms", "from 200ms to 60s"},
        {"heartbeat", "61s", "from 200ms to 60s"},
        {"heartbeat", "99999999999999999999s", "from 200ms to 60s"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {""};

        assert_false(check(cases[i].name, cases[i].value, &err));
        assert_int_equal(strncmp(err.text, cases[i].name, strlen(cases[i].name)), 0);
        assert_non_null(strstr(err.text, cases[i].says));
    }
}

static void
test_many_endpoints(void **state)
{
    struct engine_option given[ETCD_ENDPOINTS_MAX + 4] = {
        {"ca", "/ca"}, {"cert", "/cert"}, {"key", "/key"}};
    struct err err = {""};

    (void)state;
    for (size_t i = 3; i < ETCD_ENDPOINTS_MAX + 4; i++)
        given[i] = (struct engine_option){"endpoints", "https://a:1"};
    assert_true(engine_etcd.check(given, ETCD_ENDPOINTS_MAX + 3, &err));
    assert_false(engine_etcd.check(given, ETCD_ENDPOINTS_MAX + 4, &err));
    assert_non_null(strstr(err.text, "at most 32"));
}

/* A key is read in the one way in which it is written. */
static void
test_names(void **state)
{
    static const char *const others[] = {
        "stek/www/k/00000000000000ab0",
        "stek/www/k/00000000000000a",
        "stek/www/k/00000000000000AB",
        "stek/www/s/00000000000000ab",
        "stek/ww/k/00000000000000ab",
        "stek/www/k/0000000000000000",
        "stek/www/k/",
        "tek/www/k/00000000000000ab0",
        "stek/www/k/00000000000000xb",
    };
    const struct engine_option options[] = {
        {"endpoints", "https://a:1"}, {"ca", "/ca"}, {"cert", "/cert"}, {"key", "/key"}};
    const struct engine_setup setup = {.keyset = "www", .options = options, .option_count = 4};
    struct etcd etcd = {.host = 1};
    char key[ETCD_KEY_MAX];
    uint64_t sender = 0;

    (void)state;
    assert_true(etcd_options_take(&etcd, &setup));
    assert_string_equal(etcd.until[RECORD_KEYS], "stek/www/k0");
    assert_int_equal(etcd.heartbeat_ms, 2000);
    etcd_name_write(key, &etcd, &(struct engine_name){RECORD_KEYS, 0xab});
    assert_string_equal(key, "stek/www/k/00000000000000ab");
    assert_true(etcd_name_read(&sender, &etcd, RECORD_KEYS, key, strlen(key)));
    assert_int_equal(sender, 0xab);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(etcd_name_read(&sender, &etcd, RECORD_KEYS, others[i], strlen(others[i])));
    etcd_options_free(&etcd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_many_endpoints),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
