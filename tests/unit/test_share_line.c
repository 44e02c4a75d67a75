/* Bytes as a line to copy: what is wrapped, indented or commented still reads, and a line that was
 * damaged is told from one that is another thing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "share/line.h"
#include "share_support.h"

/* Made apart from this code, by openssl dgst -hmac and base64. */
#define KNOWN "word1:YWJjhmYMSQ=="

/* True if the line reads as these bytes. */
static bool
reads_as(const char *text, const uint8_t *bytes, size_t len)
{
    SECRET_BUF(out);

    return line_read(&out, "word1", text, strlen(text), NULL) && out.len == len &&
           memcmp(out.bytes, bytes, len) == 0;
}

/* True if it is refused with this word, and nothing comes out. */
static bool
is_refused(const char *text, size_t len, const char *word)
{
    struct err err = {{0}};
    SECRET_BUF(out);

    return !line_read(&out, "word1", text, len, &err) && out.bytes == NULL &&
           strstr(err.text, word) != NULL;
}

static void
test_known_line(void **state)
{
    SECRET_BUF(line);

    (void)state;
    assert_true(line_write(&line, "word1", (const uint8_t *)"abc", 3, NULL));
    assert_int_equal(line.len, sizeof KNOWN - 1);
    assert_memory_equal(line.bytes, KNOWN, line.len);
    assert_true(reads_as(KNOWN, (const uint8_t *)"abc", 3));
}

static void
test_lengths(void **state)
{
    uint8_t bytes[LINE_BYTES_MAX + 1];
    uint64_t rng = 3;
    struct err err;
    SECRET_BUF(more);

    (void)state;
    rng_fill(&rng, bytes, sizeof bytes);
    for (size_t len = 0; len <= LINE_BYTES_MAX; len++) {
        char text[LINE_TEXT_MAX];
        SECRET_BUF(line);

        assert_true(line_write(&line, "word1", bytes, len, NULL));
        memcpy(text, line.bytes, line.len);
        text[line.len] = '\0';
        assert_true(reads_as(text, bytes, len));
    }
    assert_false(line_write(&more, "word1", bytes, sizeof bytes, &err));
    assert_non_null(strstr(err.text, "up to 512"));
}

static void
test_as_people_copy_it(void **state)
{
    const uint8_t *abc = (const uint8_t *)"abc";
    char text[512];
    const char *half = &KNOWN[9];

    (void)state;
    (void)snprintf(text, sizeof text, "# what it is\n#\n  %.9s\r\n\t%s \n\n", KNOWN, half);
    assert_true(reads_as(text, abc, 3));
    (void)snprintf(text, sizeof text, "%.9s\n# in between\n%s", KNOWN, half);
    assert_true(reads_as(text, abc, 3));
    (void)snprintf(text, sizeof text, "%s#", KNOWN); /* no comment there */
    assert_true(is_refused(text, strlen(text), "damaged"));
}

static void
test_what_is_refused(void **state)
{
    static char blank[LINE_TEXT_MAX + 1];
    size_t len = strlen(KNOWN);
    char text[sizeof KNOWN + 4];

    (void)state;
    memset(blank, ' ', sizeof blank);
    assert_true(is_refused(blank, sizeof blank, "longer than"));
    assert_true(is_refused(blank, sizeof blank - 1, "does not begin with \"word1:\""));
    assert_true(is_refused("", 0, "does not begin"));
    assert_true(is_refused("word2:", 6, "does not begin"));
    assert_true(is_refused("word1", 5, "does not begin"));
    assert_true(is_refused("word1:", 6, "damaged"));
    for (size_t i = 6; i < len; i++) {
        memcpy(text, KNOWN, sizeof KNOWN);
        text[i] = text[i] == 'A' ? 'B' : 'A';
        assert_true(is_refused(text, len, "damaged"));
        assert_true(is_refused(KNOWN, i, "damaged"));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_line),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_as_people_copy_it),
        cmocka_unit_test(test_what_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
