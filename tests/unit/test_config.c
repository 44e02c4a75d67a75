/* What stekd.conf may say, and the sentence for each thing that it may not: with file and line, and
 * with what would be right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "config/value.h"

/* Parse a copy of `text` as the file "f". */
static bool
parse(struct config *config, const char *text, struct err *err)
{
    char *copy = strdup(text);
    bool ok;

    err->text[0] = '\0';
    ok = copy != NULL && config_parse(config, "f", copy, strlen(copy), err);
    free(copy);
    return ok;
}

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
    assert_true(config.keysets[0].group == (gid_t)-1);
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
    assert_true(config.keysets[0].group == 0);
    assert_ptr_equal(config_find(&config, "mail-2.example_x"), &config.keysets[1]);
    assert_int_equal(config.keysets[1].policy.rotate_s, 7200);
    assert_int_equal(config.keysets[1].policy.patience_s, 1800);
    assert_null(config_find(&config, "www2"));
    config_free(&config);
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

static const struct {
    const char *text, *error;
} faulty[] = {
    /* what stands in the file */
    {"", "f:1: no keyset: write at least keyset \"default\" { }"},
    {"# nothing\n\n", "f:1: no keyset: write at least keyset \"default\" { }"},
    {"keyset \"a\" {\n\n  rotat = 1h\n}",
     "f:3: no such option 'rotat': a keyset has rotate, lifetime, patience, max_session, capacity, "
     "keys, group"},
    {"# one\n# two\n/* three\n four */\nrotate = 1h",
     "f:5: no such option 'rotate': only keyset \"NAME\" { ... } may stand here"},
    {"keyset \"a\" { share \"etcd\" { } }",
     "f:1: no such option 'share': a keyset has rotate, lifetime, patience, max_session, capacity, "
     "keys, group"},
    {"metrics { }", "f:1: no such option 'metrics': only keyset \"NAME\" { ... } may stand here"},
    {"keyset { }", "f:1: missing title for section 'keyset': write keyset \"NAME\" { ... }"},
    {"keyset \"a\" rotate", "f:1: missing opening brace for section 'keyset': write keyset "
                            "\"NAME\" { ... }"},
    {"keyset \"a\" { }\nkeyset \"b\" { }\nkeyset \"a\" { }",
     "f:3: found duplicate title 'a': each keyset needs a name of its own"},
    {"keyset \"a\"", "f:1: premature end of file: an option or section is cut short"},
    {"keyset \"a\" {\n rotate 1h }",
     "f:2: missing equal sign after option 'rotate': write OPTION = VALUE"},
    {"keyset \"a\" {\n rotate = }", "f:2: unexpected token '}': write OPTION = VALUE"},
    {"keyset \"a\" {\n rotate += 1h }", "f:2: attempt to append to non-list option 'rotate'"},
    {"keyset \"a\" {\n rotate = 1h\n lifetime = 2h\n rotate = 2h }",
     "f:4: rotate is given twice: keep one of the two"},
    /* what libConfuse lets by */
    {"keyset \"a\" {\n rotate = 1h\n",
     "f:1: the section that begins here is not closed: } missing"},
    {"keyset \"a\" { }\n}", "f:2: } closes nothing: take it away, or open a section before"},
    {"keyset \"a\" { }\n\"b", "f:2: this string does not end on its line: close it with a quote"},
    {"keyset \"a\" { group = \"b\n\" }",
     "f:1: this string does not end on its line: close it with a quote"},
    {"keyset \"a\" { }\n\n/* b\n\n", "f:3: this comment never ends: close it with */"},
    {"keyset \"a\" { }\nkeyset|rotate = 1h",
     "f:2: one of * | $ \\ ( ) has no place here: put the value in quotes"},
    {"keyset \"a\" { capacity = 10*24 }",
     "f:1: one of * | $ \\ ( ) has no place here: put the value in quotes"},
    {"keyset \"${HOME}\" { }", "f:1: ${...}: variables of the environment are not put in"},
    {"keyset \"a\\x\" { }", "f:1: one of \\ | = has no place in a string here"},
    {"\177ELF", "f:1: a control character: is this a text file?"},
    /* names */
    {"\nkeyset \"A\" {\n}",
     "f:2: keyset \"A\": a name has 1 to 64 of a-z 0-9 _ . - and begins with "
     "no dot"},
    {"keyset \".a\" { }", "f:1: keyset \".a\": a name has 1 to 64 of a-z 0-9 _ . - and begins with "
                          "no dot"},
    {"keyset \"a/b\" { }",
     "f:1: keyset \"a/b\": a name has 1 to 64 of a-z 0-9 _ . - and begins with "
     "no dot"},
    {"keyset \"\" { }", "f:1: an empty string has no place here"},
    {"keyset \"a\" { }\n\"keyset|rotate\" = 1h",
     "f:2: one of \\ | = has no place in a string here"},
    {"'' = 1", "f:1: an empty string has no place here"},
    /* values */
    {"keyset \"a\" {\n rotate = 1x\n}",
     "f:2: rotate = 1x: not a time: write 90s, 15m, 1h, 7d, or plain seconds"},
    {"keyset \"a\" {\n lifetime = -1h\n}",
     "f:2: lifetime = -1h: not a time: write 90s, 15m, 1h, 7d, or plain seconds"},
    {"keyset \"a\" {\n max_session = auto\n}",
     "f:2: max_session = auto: not a time: write 90s, 15m, 1h, 7d, or plain seconds"},
    {"keyset \"a\" {\n patience = never\n}",
     "f:2: patience = never: write auto, or a time such as 90s or 15m"},
    {"keyset \"a\" {\n keys = two\n}",
     "f:2: keys = two: write one (all hosts seal with the same key) or each"},
    {"keyset \"a\" {\n capacity = 15\n}",
     "f:2: capacity = 15: write a number of keys from 16 to 65536"},
    {"keyset \"a\" {\n capacity = 65537\n}",
     "f:2: capacity = 65537: write a number of keys from 16 to 65536"},
    {"keyset \"a\" {\n capacity = 1k\n}",
     "f:2: capacity = 1k: write a number of keys from 16 to 65536"},
    {"keyset \"a\" {\n group = no-such-group-here\n}",
     "f:2: group = no-such-group-here: no such group on this host: make it first"},
};

static void
test_faulty(void **state)
{
    struct config config = {0};
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof faulty / sizeof *faulty; i++) {
        assert_false(parse(&config, faulty[i].text, &err));
        assert_string_equal(err.text, faulty[i].error);
        assert_null(config.keysets);
    }
}

static bool
begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* The policy's own reasons come with the line of the option that they name. */
static void
test_policy_reasons(void **state)
{
    struct config config = {0};
    struct err err;

    (void)state;
    assert_false(parse(&config, "keyset \"a\" {\n\n rotate = 0\n}", &err));
    assert_true(begins(err.text, "f:3: keyset \"a\": rotate = 0: "));
    assert_false(parse(&config, "keyset \"a\" {\n rotate = 1h\n lifetime = 8d\n}", &err));
    assert_true(begins(err.text, "f:3: keyset \"a\": lifetime = 691200 s: "));
    assert_non_null(strstr(err.text, "7 days"));
    assert_false(parse(&config, "\nkeyset \"a\" {\n patience = 2h\n}", &err));
    assert_true(begins(err.text, "f:3: keyset \"a\": patience = 7200 s: "));
    /* the named option is not there: the section's line */
    assert_false(parse(&config, "\nkeyset \"a\" {\n lifetime = 7d\n}", &err));
    assert_true(begins(err.text, "f:2: keyset \"a\": max_session = 86400 s: "));
    assert_false(
        parse(&config, "keyset \"a\" {\n rotate = 1m\n lifetime = 1h capacity = 16 }", &err));
    assert_true(begins(err.text, "f:2: keyset \"a\": rotate = 60 s"));
    assert_non_null(strstr(err.text, "capacity"));
}

/* libConfuse's scanner is global: what one file leaves in it must not reach the next. */
static void
test_good_after_faulty(void **state)
{
    struct config config = {0};
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof faulty / sizeof *faulty; i++) {
        assert_false(parse(&config, faulty[i].text, &err));
        assert_true(parse(&config, "keyset \"a\" { rotate = 2h }", &err));
        assert_int_equal(config.keysets[0].policy.rotate_s, 7200);
        config_free(&config);
    }
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
    assert_string_equal(err.text, "f:257: too many keysets: one stekd keeps up to 256");
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
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_all_options),
        cmocka_unit_test(test_built_in),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_faulty),
        cmocka_unit_test(test_policy_reasons),
        cmocka_unit_test(test_good_after_faulty),
        cmocka_unit_test(test_keyset_limit),
        cmocka_unit_test(test_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
