/* What is revoked comes back from its text as it was, and of a damaged text what can be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/revoked_text.h"
#include "keys_support.h"

#define HEAD "stek-revoked1\n"
#define ONE "000102030405060708090a0b0c0d0e0f 1700000100\n"
#define TWO "f00102030405060708090a0b0c0d0e0f 1700000200\n"
#define MARK "all 1700000000000 1700000300\n"

static bool
is_same(const struct keyset *a, const struct keyset *b)
{
    return a->mark.made_ms == b->mark.made_ms && a->mark.until == b->mark.until &&
           a->revocation_count == b->revocation_count && a->key_count == b->key_count &&
           (a->revocation_count == 0 || memcmp(a->revocations, b->revocations,
                                               a->revocation_count * sizeof *a->revocations) == 0);
}

/* So many revocations by name, and with `mark_ms` a mark. */
static bool
fill(struct keyset *set, size_t names, uint64_t mark_ms, uint64_t now_ms)
{
    uint64_t rng = names + 1;
    bool ok = true;

    for (size_t i = 0; i < names; i++) {
        uint8_t name[KEY_NAME_LEN];

        rng_fill(&rng, name, sizeof name);
        ok = ok &&
             keyset_revoke_name(set, name, now_ms / 1000 + 1 + i, now_ms, NULL) == KEYSET_CHANGED;
    }
    return ok && (mark_ms == 0 || keyset_revoke_mark(set, mark_ms, now_ms / 1000 + 1, now_ms,
                                                     NULL) == KEYSET_CHANGED);
}

static enum revoked_text
read_back(struct keyset *out, const struct keyset *set, struct err *err)
{
    size_t len = 0;
    char *text = revoked_encode(&len, set);
    enum revoked_text verdict;

    if (text == NULL)
        return REVOKED_FAILED;
    verdict = len > REVOKED_TEXT_MAX ? REVOKED_FAILED : revoked_decode(out, text, len, err);
    free(text);
    return verdict;
}

/* R-REVOKED-4: at any time, with as much as there may be. */
static void
test_comes_back(void **state)
{
    static const size_t counts[] = {0, 1, 2, KEYSET_REVOCATIONS_MAX};
    static const uint64_t times[] = {1000, NOW_MS, 4000 * (uint64_t)NOW_MS / 10};
    struct err err = {""};

    (void)state;
    for (size_t i = 0; i < 4 * 3 * 2; i++) {
        uint64_t now_ms = times[i / 2 % 3];
        KEYSET(set);
        KEYSET(back);

        /* a mark may be as far ahead as another host's clock */
        assert_true(fill(&set, counts[i / 6], i % 2 == 0 ? 0 : now_ms + KEY_SKEW_MS, now_ms));
        assert_int_equal(read_back(&back, &set, &err), REVOKED_WHOLE);
        assert_string_equal(err.text, "");
        if (i % 2 == 0)
            assert_true(is_same(&set, &back));
        else
            assert_int_equal(back.revocation_count, set.revocation_count);
    }
}

/* R-REVOKED-3: `names` and a mark are what is left of such a text. */
struct example {
    const char *text, *says;
    size_t names;
    uint64_t mark_until;
};

static const struct example examples[] = {
    {HEAD MARK ONE TWO "end\n", "", 2, 1700000300},
    {"# so\n" HEAD "# and so\n" ONE "#\nend\n", "", 1, 0},
    {HEAD "end\n", "", 0, 0},
    {HEAD TWO ONE ONE "end\n", "", 2, 0}, /* in any order, and more than once */
    {"", "line 1 ", 0, 0},
    {HEAD, "line 2 ", 0, 0},
    {HEAD "end", "line 2 ", 0, 0},
    {HEAD ONE TWO, "line 4 ", 2, 0},
    {HEAD "end\n" ONE, "line 2 ", 0, 0},
    {HEAD "end\nend\n", "line 2 ", 0, 0},
    {ONE TWO "end\n", "line 1 ", 2, 0},
    {"stek-revoked2\n" ONE "end\n", "line 1 ", 1, 0},
    {HEAD MARK MARK ONE "end\n", "line 3 ", 1, 1700000300},
    {HEAD "\n" ONE "end\n", "line 2 ", 1, 0},
    {HEAD " " ONE TWO "end\n", "line 2 ", 1, 0},
    {HEAD "g" ONE TWO "end\n", "line 2 ", 1, 0},
    {HEAD "0" ONE TWO "end\n", "line 2 ", 1, 0},
    {HEAD "000102030405060708090a0b0c0d0e0f\n" TWO "end\n", "line 2 ", 1, 0},
    {HEAD "000102030405060708090a0b0c0d0e0f \n" TWO "end\n", "line 2 ", 1, 0},
    {HEAD "000102030405060708090a0b0c0d0e0f 1x\n" TWO "end\n", "line 2 ", 1, 0},
    {HEAD "000102030405060708090a0b0c0d0e0f -1\n" TWO "end\n", "line 2 ", 1, 0},
    {HEAD "000102030405060708090a0b0c0d0e0f 1 2\n" TWO "end\n", "line 2 ", 1, 0},
    {HEAD "000102030405060708090a0b0c0d0e0f 1700000100\r\n" TWO "end\n", "line 2 ", 1, 0},
    {HEAD "000102030405060708090a0b0c0d0e0f 1234567890123456\n" TWO "end\n", "line 2 ", 1, 0},
    {HEAD "all 1700000000000\n" TWO "end\n", "line 2 ", 1, 0},
    {HEAD "all 1700000000000 1700000300 1\n" TWO "end\n", "line 2 ", 1, 0},
    {HEAD "all  1700000000000 1700000300\n" TWO "end\n", "line 2 ", 1, 0},
    {HEAD "allx1700000000000 1700000300\n" TWO "end\n", "line 2 ", 1, 0},
};

static void
test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const struct example *one = &examples[i];
        size_t len = strlen(one->text);
        char *text = malloc(len + 1); /* of its own, so that no byte behind it is read unseen */
        struct err err = {""};
        KEYSET(set);

        assert_non_null(text);
        memcpy(text, one->text, len);
        assert_int_equal(revoked_decode(&set, text, len, &err),
                         one->says[0] == '\0' ? REVOKED_WHOLE : REVOKED_DAMAGED);
        free(text);
        if (strncmp(err.text, one->says, strlen(one->says)) != 0 ||
            set.revocation_count != one->names || set.mark.until != one->mark_until)
            fail_msg("example %zu: %s; %zu names, mark until %llu", i, err.text,
                     set.revocation_count, (unsigned long long)set.mark.until);
    }
}

/* R-REVOKED-3: cut anywhere, all lines that are whole hold. */
static void
test_cut(void **state)
{
    size_t len = 0, lines = 0;
    char *text;
    struct err err;
    KEYSET(all);

    (void)state;
    assert_true(fill(&all, 9, 0, NOW_MS));
    text = revoked_encode(&len, &all);
    assert_non_null(text);
    for (size_t cut = 0; cut < len; cut++) {
        KEYSET(set);

        lines += cut > 0 && text[cut - 1] == '\n';
        assert_int_equal(revoked_decode(&set, text, cut, &err), REVOKED_DAMAGED);
        assert_int_equal(set.revocation_count, lines < 2 ? 0 : lines - 2); /* comment and head */
    }
    free(text);
}

/* R-REVOKED-3: nor does a line too many take the others with it. */
static void
test_full(void **state)
{
    size_t len = 0;
    char *text, *longer;
    struct err err;
    KEYSET(all);
    KEYSET(more);

    (void)state;
    assert_true(fill(&all, KEYSET_REVOCATIONS_MAX, 0, NOW_MS));
    text = revoked_encode(&len, &all);
    assert_non_null(text);
    longer = malloc(len + sizeof ONE);
    assert_non_null(longer);
    memcpy(longer, text, len - 4); /* but the end */
    memcpy(longer + len - 4, ONE "end\n", sizeof ONE "end\n" - 1);
    assert_int_equal(revoked_decode(&more, longer, len + sizeof ONE - 1, &err), REVOKED_DAMAGED);
    assert_int_equal(more.revocation_count, KEYSET_REVOCATIONS_MAX);
    free(longer);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_back),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
