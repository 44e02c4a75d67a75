/* What is typed is understood as written, wherever options stand, or refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/options.h"

static bool
parse(struct options *options, struct err *err, const char *line)
{
    static char words[256]; /* what was parsed points into both */
    static char *argv[16];
    int argc = 0;
    char *save = NULL;

    *options = (struct options){.cli = {.rundir = "default", .interval_s = 1}};
    *err = (struct err){""};
    (void)strncat(memset(words, 0, sizeof words), line, sizeof words - 1);
    for (char *word = strtok_r(words, " ", &save); word != NULL && argc < 15;
         word = strtok_r(NULL, " ", &save))
        argv[argc++] = word;
    optind = 0; /* glibc: begin anew */
    return options_parse(options, argc, argv, err);
}

static void
test_options_anywhere(void **state)
{
    struct options options;
    struct err err;

    (void)state;
    assert_true(parse(&options, &err, "stekctl -r /tmp/x -k www --json keys"));
    assert_string_equal(options.command, "keys");
    assert_string_equal(options.cli.rundir, "/tmp/x");
    assert_string_equal(options.cli.keyset, "www");
    assert_true(options.cli.json);
    assert_int_equal(options.given, CLI_KEYSET | CLI_JSON);

    assert_true(parse(&options, &err, "stekctl revoke abcd --only -k www 1234"));
    assert_string_equal(options.command, "revoke");
    assert_int_equal(options.cli.arg_count, 2);
    assert_string_equal(options.cli.args[0], "abcd");
    assert_string_equal(options.cli.args[1], "1234");
    assert_int_equal(options.given, CLI_KEYSET | CLI_ONLY);
}

static void
test_defaults(void **state)
{
    struct options options;
    struct err err;

    (void)state;
    assert_true(parse(&options, &err, "stekctl"));
    assert_null(options.command);
    assert_string_equal(options.cli.rundir, "default");
    assert_int_equal(options.given, 0);
    assert_true(parse(&options, &err, "stekctl --help watch -i 60"));
    assert_true(options.wants_help);
    assert_int_equal(options.cli.interval_s, 60);
}

static void
test_wait(void **state)
{
    struct options options;
    struct err err = {""};

    (void)state;
    assert_true(parse(&options, &err, "stekctl rotate"));
    assert_int_equal(options.cli.wait_s, 0);
    assert_true(parse(&options, &err, "stekctl rotate --wait 7"));
    assert_int_equal(options.cli.wait_s, 7);
    assert_false(parse(&options, &err, "stekctl rotate --wait 0"));
    assert_string_equal(err.text, "--wait takes 1 to 3600 seconds, not \"0\"");
}

static void
test_refused(void **state)
{
    static const char *const lines[] = {
        "stekctl --frob",
        "stekctl -x keys",
        "stekctl keys -k",
        "stekctl -k WWW keys",
        "stekctl -k a/b keys",
        "stekctl -k .. keys",
        "stekctl watch -i 0",
        "stekctl watch -i 3601",
        "stekctl watch -i -1",
        "stekctl watch -i 1s",
        "stekctl watch -i 99999999999999999999",
        "stekctl --json=yes keys",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct options options;
        struct err err;

        assert_false(parse(&options, &err, lines[i]));
        assert_true(strlen(err.text) > 0);
    }
}

/* A mistyped option is met with the one that was meant, if any is near. */
static void
test_meant(void **state)
{
    struct options options;
    struct err err;

    (void)state;
    assert_false(parse(&options, &err, "stekctl keys --jsno"));
    assert_string_equal(err.text, "--jsno: there is no such option. Did you mean --json?");
    assert_false(parse(&options, &err, "stekctl keys --colour"));
    assert_string_equal(err.text, "--colour: there is no such option");
    assert_true(parse(&options, &err, "stekctl watch --interval 7 --asc")); /* cut is well */
    assert_int_equal(options.cli.interval_s, 7);
    assert_true(options.cli.ascii);
}

/* Every line of the table can be typed, and has its name in messages. */
static void
test_table(void **state)
{
    (void)state;
    for (const struct option_text *option = options_texts; option->word != NULL; option++) {
        struct options options;
        struct err err;
        char line[64];

        (void)snprintf(line, sizeof line, "stekctl --%s%s", option->word,
                       option->arg != NULL ? " 1" : "");
        assert_true(parse(&options, &err, line));
        assert_int_equal(options.given, option->bit);
        if (option->bit == 0)
            continue;
        assert_string_not_equal(options_name(option->bit), "such option");
        if (option->letter != 0)
            assert_int_equal(options_name(option->bit)[1], option->letter);
        else
            assert_string_equal(options_name(option->bit) + 2, option->word);
    }
}

static void
test_names_of_options(void **state)
{
    (void)state;
    assert_string_equal(options_name(CLI_ALL | CLI_ONLY), "--all");
    assert_string_equal(options_name(CLI_INTERVAL), "-i");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_anywhere),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_meant),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_names_of_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
