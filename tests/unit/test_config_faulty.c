/* The sentence for each thing that stekd.conf may not say: with file and line, and with what would
 * be right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_support.h"

#define LISTEN_WRONG(TEXT) \
    "f:2: listen = " TEXT ": write ADDRESS:PORT, such as \"127.0.0.1:9779\" or \"[::1]:9779\""

static const struct {
    const char *text, *error;
} faulty[] = {
    /* what stands in the file */
    {"", "f:1: no keyset: write at least keyset \"default\" { }"},
    {"# nothing\n\n", "f:1: no keyset: write at least keyset \"default\" { }"},
    {"keyset \"a\" {\n\n  rotat = 1h\n}",
     "f:3: no such option 'rotat': only rotate, lifetime, patience, max_session, capacity, keys, "
     "group, persist, persist_file, farm, share \"NAME\" { ... } may stand here"},
    {"# one\n# two\n/* three\n four */\nrotate = 1h",
     "f:5: no such option 'rotate': only keyset \"NAME\" { ... }, metrics { ... }, "
     "control { ... } may stand here"},
    {"keyset \"a\" {\n share \"directory\" {\n\n read_only = true } }",
     "f:2: share \"directory\": path is missing: the folder that the hosts share"},
    {"keyset \"a\" {\n share \"directory\" {\n path = /x read_only = maybe } }",
     "f:3: read_only = maybe: write true or false"},
    {"keyset \"a\" {\n share \"directory\" { path = {\"/x\",\n \"/y\"} } }",
     "f:3: path = /y: path takes one value"},
    {"keyset \"a\" {\n share \"directory\" { path = x } }",
     "f:2: share \"directory\": path: give the folder that the hosts share, from / on"},
    {"keyset \"a\" {\n farm = /x }",
     "f:2: keyset \"a\": farm: nothing is shared: add share \"ENGINE\" { ... }, or drop it"},
    {"keyset a { farm = /x share \"directory\" { path = /s } }\n"
     "keyset b { farm = /x share \"directory\" { path = /s } }",
     "f:1: farm = /x: several keysets have it: each needs one of its own"},
    {"metrics {\n port = 1 }", "f:2: no such option 'port': only listen may stand here"},
    {"metrics \"a\" { }",
     "f:1: missing opening brace for section 'metrics': write metrics { ... }"},
    {"keyset \"a\" { }\nmetrics { }\n\nmetrics {\n }",
     "f:4: metrics { ... } stands there twice: make it one"},
    {"keyset a { }\ncontrol {\n user = root }",
     "f:3: no such option 'user': only admin, observer may stand here"},
    {"keyset a { }\ncontrol {\n admin = none_such }",
     "f:3: admin = none_such: no such group on this host: make it first"},
    {"keyset a { }\ncontrol {\n observer = adm\n admin = adm }",
     "f:3: observer = adm: that is the admin group, which may look anyway: leave it out"},
    {"keyset a { }\ncontrol {\n\n observer = nogroup }",
     "f:4: observer = nogroup: that is whoever has no other group: make a group of its own"},
    {"metrics { }", "f:1: no keyset: write at least keyset \"default\" { }"},
    {"keyset { }", "f:1: missing title for section 'keyset': write keyset \"NAME\" { ... }"},
    {"keyset \"a\" rotate", "f:1: missing opening brace for section 'keyset': write keyset "
                            "\"NAME\" { ... }"},
    {"keyset \"a\" { }\nkeyset \"b\" { }\nkeyset \"a\" { }",
     "f:3: found duplicate title 'a': sections of a kind need names of their own"},
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
    {"metrics {\n listen = { \"127.0.0.1:1\"\n",
     "f:1: the section that begins here is not closed: } missing"},
    {"metrics {\n listen = { } }", "f:2: an empty list: write a value into it"},
    {"metrics {\n listen = { { } } }", "f:2: { has no place in a list"},
    {"a { b { c { d { e { } } } } }", "f:1: sections are nested too deep"},
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
    {"keyset \"a\" {\n persist = on }",
     "f:2: persist = on: write credential:NAME, or the path of a key file from / on"},
    {"keyset \"a\" {\n rotate = 10s lifetime = 1d capacity = 65536\n persist = /etc/k }",
     "f:3: keyset \"a\": persist saves up to 4096 keys, and this policy keeps up to 8645 alive: "
     "make rotate longer or lifetime shorter"},
    {"keyset \"a\" { persist = \"credential:\" }",
     "f:1: persist = credential:: write credential:NAME, or the path of a key file from / on"},
    {"keyset \"a\" { persist = \"credential:a/b\" }",
     "f:1: persist = credential:a/b: write credential:NAME, or the path of a key file from / on"},
    {"keyset \"a\" { persist = \"/k\" persist_file = \"keys\" }",
     "f:1: persist_file = keys: write a path from / on, of up to 255 characters"},
    {"keyset \"a\" {\n\n persist_file = \"/f\" }",
     "f:3: keyset \"a\": persist_file needs a key: add persist: credential:NAME or a path"},
    {"keyset \"a\" { persist = \"/k\" persist_file = \"/f\" }\n"
     "keyset \"b\" { persist = \"/l\" persist_file = \"/f\" }",
     "f:1: persist_file = /f: several keysets have it: each needs one of its own"},
    {"keyset \"a\" { persist = \"/k\" persist_file = \"/k\" }",
     "f:1: persist_file = /k: keyset \"a\" has its key there"},
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
    {"metrics {\n listen = 9779\n}", LISTEN_WRONG("9779")},
    {"metrics {\n listen = {\"127.0.0.1:1\", \"localhost:9779\"}\n}",
     LISTEN_WRONG("localhost:9779")},
    {"metrics {\n listen = \"127.0.0.1:0\"\n}", LISTEN_WRONG("127.0.0.1:0")},
    {"metrics {\n listen = \"[::1]\"\n}", LISTEN_WRONG("[::1]")},
    {"metrics {\n listen = { \"[::1]:1\",\n \"127.0.0.1:1\",\n \"[0::1]:1\" }\n}",
     "f:4: listen = [0::1]:1: stands there twice: keep one of the two"},
    {"metrics {\n listen = { 1.1.1.1:1, 1.1.1.1:2, 1.1.1.1:3, 1.1.1.1:4, 1.1.1.1:5, 1.1.1.1:6,\n"
     "1.1.1.1:7, 1.1.1.1:8,\n1.1.1.1:9 }\n}",
     "f:4: listen = 1.1.1.1:9: too many addresses: there may be 8"},
    {"metrics {\n listen = 1.1.1.1:1\n listen = { 1.1.1.1:2 }\n}",
     "f:3: listen is given twice: keep one of the two"},
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faulty),
        cmocka_unit_test(test_policy_reasons),
        cmocka_unit_test(test_good_after_faulty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
