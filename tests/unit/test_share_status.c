/* Statuses: what is told comes out the same, in bounds; names of keys, and the digest over them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "share/status.h"
#include "share_support.h"

#define ROTATE 3600
#define PATIENCE 900

static struct policy
policy(void)
{
    return policy_of(ROTATE, PATIENCE, 43200);
}

static struct status
status_of(void)
{
    struct status status = {
        .clock_ms = NOW_MS, .beat = 3, .generation = 0x1122, .held = 70, .digest = {1, 2, 3}};

    status_set_text(status.host_name, "web1.example");
    status_set_text(status.version, "0.1.0");
    status.coming_count = 2;
    status.others_count = 1;
    memcpy(status.coming[0], key_of(1, 0).name, KEY_NAME_LEN);
    memcpy(status.coming[1], key_of(2, 0).name, KEY_NAME_LEN);
    memcpy(status.others[0], key_of(1, 0).name, KEY_NAME_LEN);
    return status;
}

static bool
add(struct keyset *set, uint16_t id, int64_t from)
{
    struct key key = key_of(id, from);

    return keyset_add(set, &key, NOW_MS, NULL) == KEYSET_CHANGED;
}

/* True if these bytes are refused, and the output stays as it was. */
static bool
is_refused(const uint8_t *bytes, size_t len, const char *word)
{
    struct status status = {.beat = 99};
    struct err err = {{0}};

    return !status_decode(&status, bytes, len, &err) && status.beat == 99 &&
           strstr(err.text, word) != NULL;
}

/* R-STATUS-1. */
static void
test_round_trip(void **state)
{
    struct status status = status_of(), back;
    SECRET_BUF(bytes);

    (void)state;
    assert_true(status_encode(&bytes, &status, NULL));
    assert_true(status_decode(&back, bytes.bytes, bytes.len, NULL));
    assert_memory_equal(&back, &status, sizeof back);
    assert_true(status_names(&back, key_of(2, 0).name));
    assert_false(status_names(&back, key_of(3, 0).name));
}

/* The format is for ever. */
static void
test_golden(void **state)
{
    static const uint8_t golden[] = "\1\2h1\3v.1"
                                    "\0\0\x01\x8b\xcf\xe5\x68\0"
                                    "\0\0\0\0\0\0\0\4"
                                    "\0\0\0\0\0\0\0\5"
                                    "\0\0\0\6"
                                    "0123456789abcdef"
                                    "\1ABCDEFGHIJKLMNOP"
                                    "\0";
    struct status status = {.clock_ms = NOW_MS, .beat = 4, .generation = 5, .held = 6}, back;
    SECRET_BUF(bytes);

    (void)state;
    status_set_text(status.host_name, "h1");
    status_set_text(status.version, "v.1");
    memcpy(status.digest, "0123456789abcdef", STATUS_DIGEST_LEN);
    memcpy(status.coming[0], "ABCDEFGHIJKLMNOP", KEY_NAME_LEN);
    status.coming_count = 1;
    assert_true(status_encode(&bytes, &status, NULL));
    assert_int_equal(bytes.len, sizeof golden - 1);
    assert_memory_equal(bytes.bytes, golden, bytes.len);
    assert_true(status_decode(&back, golden, sizeof golden - 1, NULL));
    assert_memory_equal(&back, &status, sizeof back);
}

/* R-STATUS-2: each length; what is added at the end is a later version's. */
static void
test_cut_short(void **state)
{
    struct status status = status_of(), back;
    SECRET_BUF(bytes);
    SECRET_BUF(more);

    (void)state;
    assert_true(status_encode(&bytes, &status, NULL));
    for (size_t len = 0; len < bytes.len; len++) {
        uint8_t *exact = malloc(len + (len == 0));
        bool refused;

        assert_non_null(exact);
        memcpy(exact, bytes.bytes, len);
        refused = is_refused(exact, len, "no status");
        free(exact);
        assert_true(refused);
    }
    assert_true(secret_buf_init(&more, bytes.len + 3));
    memcpy(more.bytes, bytes.bytes, bytes.len);
    assert_true(status_decode(&back, more.bytes, more.cap, NULL));
    assert_memory_equal(&back, &status, sizeof back);
}

/* R-STATUS-2. */
static void
test_bad_fields(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        const char *word;
    } cases[] = {
        {0, 2, "version 2"},    {1, 65, "no status"},    {2, '\n', "no status"},
        {2, 0x7f, "no status"}, {2, 0, "no status"},     {13, ' ', "no status"},
        {14, 65, "no status"},  {15, 0x80, "no status"}, {20, 1, "no status"},
        {28, 1, "no status"},   {36, 1, "no status"},    {64, 65, "no status"},
        {65, 9, "no status"},   {97, 63, "no status"},
    };
    struct status status = status_of();
    SECRET_BUF(bytes);

    (void)state;
    assert_true(status_encode(&bytes, &status, NULL));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t was = bytes.bytes[cases[i].at];

        bytes.bytes[cases[i].at] = cases[i].value;
        if (!is_refused(bytes.bytes, bytes.len, cases[i].word))
            fail_msg("byte %zu = %u was taken", cases[i].at, cases[i].value);
        bytes.bytes[cases[i].at] = was;
    }
    secret_buf_free(&bytes);
    status.host_name[2] = '\t';
    assert_false(status_encode(&bytes, &status, NULL));
}

/* R-STATUS-2: what a system calls itself is made fit. */
static void
test_texts(void **state)
{
    char out[STATUS_TEXT_MAX + 1], large[3 * STATUS_TEXT_MAX];

    (void)state;
    status_set_text(out, "a b\n\x1b[0m\xc3\xa9");
    assert_string_equal(out, "a?b??[0m??");
    memset(large, 'x', sizeof large);
    large[sizeof large - 1] = '\0';
    status_set_text(out, large);
    assert_int_equal(strlen(out), STATUS_TEXT_MAX);
    status_set_text(out, "");
    assert_string_equal(out, "");
}

/* R-STATUS-4: coming are those that do not seal yet, also held back ones; a revoked or expired one
 * is not held. */
static void
test_keys(void **state)
{
    const struct policy hourly = policy();
    struct status status = status_of();
    KEYSET(set);

    (void)state;
    assert_true(add(&set, 1, -ROTATE));       /* seals no more */
    assert_true(add(&set, 2, -PATIENCE));     /* seals, unconfirmed */
    assert_true(add(&set, 3, -PATIENCE + 1)); /* held back for a second more */
    assert_true(add(&set, 4, ROTATE));
    assert_true(add(&set, 5, -10));
    assert_true(add(&set, 6, ROTATE));
    assert_int_equal(keyset_confirm(&set, key_of(5, 0).name, NOW_S + 9, NOW_MS, NULL),
                     KEYSET_CHANGED);
    assert_int_equal(keyset_revoke(&set, key_of(6, 0).name, true, NOW_MS, NULL), KEYSET_CHANGED);
    assert_true(status_set_keys(&status, &set, &hourly, NOW_S, NULL));
    assert_int_equal(status.held, 5);
    assert_int_equal(status.coming_count, 2);
    assert_memory_equal(status.coming[0], key_of(3, 0).name, KEY_NAME_LEN);
    assert_memory_equal(status.coming[1], key_of(4, 0).name, KEY_NAME_LEN);
    assert_int_equal(status.others_count, 3);
    assert_true(status_names(&status, key_of(5, 0).name));
    assert_false(status_names(&status, key_of(6, 0).name));
    assert_string_equal(status.host_name, "web1.example");
}

/* R-STATUS-3: whatever order they came in; one more, one less, one revoked differs. */
static void
test_digest(void **state)
{
    const struct policy hourly = policy();
    struct status a = status_of(), b = status_of();
    KEYSET(one);
    KEYSET(other);

    (void)state;
    for (uint16_t id = 1; id <= 100; id++) {
        assert_true(add(&one, id, 0));
        assert_true(add(&other, (uint16_t)(101 - id), 0));
    }
    assert_true(status_set_keys(&a, &one, &hourly, NOW_S, NULL));
    assert_true(status_set_keys(&b, &other, &hourly, NOW_S, NULL));
    assert_memory_equal(&a, &b, sizeof a);
    assert_true(add(&other, 101, 0));
    assert_true(status_set_keys(&b, &other, &hourly, NOW_S, NULL));
    assert_memory_not_equal(a.digest, b.digest, STATUS_DIGEST_LEN);
    assert_int_equal(keyset_revoke(&other, key_of(101, 0).name, true, NOW_MS, NULL),
                     KEYSET_CHANGED);
    assert_true(status_set_keys(&b, &other, &hourly, NOW_S, NULL));
    assert_memory_equal(a.digest, b.digest, STATUS_DIGEST_LEN);
    assert_int_equal(keyset_revoke(&other, key_of(7, 0).name, true, NOW_MS, NULL), KEYSET_CHANGED);
    assert_true(status_set_keys(&b, &other, &hourly, NOW_S, NULL));
    assert_memory_not_equal(a.digest, b.digest, STATUS_DIGEST_LEN);
}

/* R-STATUS-4, R-STATUS-5: of a thousand keys, those that seal first are named, and it is small. */
static void
test_more_than_fit(void **state)
{
    const struct policy hourly = policy();
    struct status status = status_of(), back;
    char large[STATUS_TEXT_MAX + 1] = "";
    KEYSET(set);
    SECRET_BUF(bytes);

    (void)state;
    for (uint16_t id = 1; id <= 1000; id++)
        assert_true(add(&set, id, 10000 - id)); /* the last one seals first */
    memset(large, 'n', STATUS_TEXT_MAX);
    status_set_text(status.host_name, large);
    status_set_text(status.version, large);
    assert_true(status_set_keys(&status, &set, &hourly, NOW_S, NULL));
    assert_int_equal(status.held, 1000);
    assert_int_equal(status.coming_count, STATUS_NAMES_MAX);
    assert_int_equal(status.others_count, 0);
    for (uint16_t id = 1000; id > 1000 - STATUS_NAMES_MAX; id--)
        assert_true(status_names(&status, key_of(id, 0).name));
    assert_true(status_encode(&bytes, &status, NULL));
    assert_true(status_decode(&back, bytes.bytes, bytes.len, NULL));
    assert_memory_equal(&back, &status, offsetof(struct status, others));
    assert_true(bytes.len + 71 + 64 <= RECORD_SMALL); /* with a front of the longest name */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_golden),
        cmocka_unit_test(test_cut_short),  cmocka_unit_test(test_bad_fields),
        cmocka_unit_test(test_texts),      cmocka_unit_test(test_keys),
        cmocka_unit_test(test_digest),     cmocka_unit_test(test_more_than_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
