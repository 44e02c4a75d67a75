/* The keys over time: R-TIMELINE-1 to R-TIMELINE-3 for keys of all kinds, and how it looks, as text
 * and as SVG, by golden files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>

#include "control/timeline.h"
#include "golden_support.h"

#define NOW UINT64_C(1763819410) /* 2025-11-22 13:50:10 UTC */
#define HOUR UINT64_C(3600)
#define ROUNDS 3000

static void
name_key(struct timeline_key *key, uint64_t number)
{
    (void)snprintf(key->name, sizeof key->name, "%016" PRIx64 "%016" PRIx64,
                   number * UINT64_C(0x9e3779b97f4a7c15), number);
}

/* A key an hour: two to come, one that seals, others that did, the fourth of them revoked. */
static size_t
usual_keys(struct timeline_key keys[], size_t count)
{
    uint64_t epoch = NOW / HOUR + 2;

    for (size_t i = 0; i < count; i++) {
        uint64_t from = (epoch - i) * HOUR;

        keys[i] = (struct timeline_key){.state = i < 2    ? CONTROL_COMING
                                                 : i == 2 ? CONTROL_SEALING
                                                 : i == 6 ? CONTROL_REVOKED
                                                          : CONTROL_OPENING,
                                        .made = from - HOUR * 3 / 2,
                                        .seals_from = from,
                                        .seals_until = from + HOUR * 5 / 4,
                                        .opens_until = from + HOUR * 25 / 4,
                                        .sealed = i < 2 ? 0 : i * 12345,
                                        .opened = i < 2 ? 0 : i * i * 999};
        name_key(&keys[i], i + 1);
    }
    return count;
}

/* What is drawn of the usual keys; to be freed. */
static char *
draw(const struct timeline_look *look, bool is_inline, size_t rows_max)
{
    const struct timeline_order order = {
        .keyset = "www", .now = NOW, .rows_max = rows_max, .ticks_max = 8};
    struct timeline_key keys[9];
    size_t len, count = usual_keys(keys, sizeof keys / sizeof *keys);
    char *text = NULL;
    FILE *out = open_memstream(&text, &len);
    TIMELINE(timeline);

    if (out == NULL || !timeline_lay(&timeline, &order, keys, count))
        return NULL;
    if (look != NULL)
        timeline_text(out, &timeline, look);
    else
        timeline_svg(out, &timeline, is_inline);
    (void)fclose(out);
    return text;
}

static void
test_looks(void **state)
{
    static const struct {
        const char *file;
        struct timeline_look look;
        size_t rows_max;
    } looks[] = {
        {"timeline_80.txt", {.width = 80}, 99},
        {"timeline_120.txt", {.width = 120}, 99},
        {"timeline_ascii.txt", {.width = 80, .is_ascii = true}, 99},
        {"timeline_color.txt", {.width = 60, .is_color = true}, 99},
        {"timeline_few.txt", {.width = 0, .is_ascii = true}, 4},
    };

    (void)state;
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        char *text = draw(&looks[i].look, false, looks[i].rows_max);

        assert_non_null(text);
        assert_true(golden_same(looks[i].file, text));
        free(text);
    }
}

static void
test_svg(void **state)
{
    char *alone = draw(NULL, false, 99), *within = draw(NULL, true, 5);

    (void)state;
    assert_true(golden_same("timeline.svg", alone));
    assert_true(golden_same("timeline_inline.svg", within));
    assert_non_null(strstr(within, "and 4 older"));
    assert_null(strstr(within, "<style>"));
    free(alone);
    free(within);
}

/* ---- keys of all kinds ---- */

static uint64_t
draw_number(uint64_t *seed, uint64_t below)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed % below;
}

/* Times in order, by chance; states as stekd tells them of such times. */
static size_t
random_keys(struct timeline_key keys[], size_t max, uint64_t *seed)
{
    size_t count = (size_t)draw_number(seed, max + 1), seals = count;
    uint64_t turn = 1 + draw_number(seed, 6000); /* of one policy: the newest ends last */

    for (size_t i = 0; i < count; i++) {
        uint64_t from = NOW - 5000 + draw_number(seed, 100) * 100;

        keys[i] = (struct timeline_key){
            .made = from - draw_number(seed, 2000), .seals_from = from, .seals_until = from + turn};
        keys[i].opens_until = keys[i].seals_until + draw_number(seed, 9000);
        keys[i].state = from > NOW ? CONTROL_COMING : CONTROL_OPENING;
        name_key(&keys[i], i + 1);
        if (draw_number(seed, 5) == 0)
            keys[i].state = CONTROL_REVOKED;
        else if (from <= NOW && NOW < keys[i].seals_until &&
                 (seals == count || from > keys[seals].seals_from ||
                  (from == keys[seals].seals_from && strcmp(keys[i].name, keys[seals].name) < 0)))
            seals = i;
    }
    if (seals < count)
        keys[seals].state = CONTROL_SEALING;
    return count;
}

/* R-TIMELINE-1 */
static bool
is_in_order(const struct timeline *timeline, const struct timeline_row *row)
{
    uint64_t at = 0;

    for (size_t i = 0; i < row->count; i++) {
        const struct timeline_segment *segment = &row->segments[i];

        if (segment->from >= segment->to || segment->from < timeline->from ||
            segment->to > timeline->to || (i > 0 && segment->from != at))
            return false;
        at = segment->to;
    }
    return true;
}

static bool
seals_at(const struct timeline_row *row, uint64_t at)
{
    for (size_t i = 0; i < row->count; i++) {
        if (row->segments[i].kind == TIMELINE_SEALS && row->segments[i].from <= at &&
            at < row->segments[i].to)
            return true;
    }
    return false;
}

static size_t
count_sealing(const struct timeline *timeline, uint64_t at)
{
    size_t count = 0;

    for (size_t i = 0; i < timeline->count; i++)
        count += seals_at(&timeline->rows[i], at);
    return count;
}

/* R-TIMELINE-2: before what was revoked the times alone tell who sealed, and at last stekd. */
static bool
seals_one(const struct timeline *timeline, bool has_revoked)
{
    for (size_t i = 0; i < timeline->count; i++) {
        const struct timeline_row *row = &timeline->rows[i];

        if (NOW >= timeline->from && NOW < timeline->to &&
            seals_at(row, NOW) != (row->key.state == CONTROL_SEALING))
            return false;
    }
    for (uint64_t at = timeline->from; !has_revoked && at <= NOW; at += 50) {
        if (count_sealing(timeline, at) > 1)
            return false;
    }
    return true;
}

static void
test_laid_out_well(void **state)
{
    const char *given = getenv("STEK_SEED");
    uint64_t seed = given == NULL ? 20251122 : strtoull(given, NULL, 10);

    (void)state;
    print_message("# seed %" PRIu64 "\n", seed);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct timeline_order order = {
            .keyset = "www", .now = NOW, .rows_max = 1 + (size_t)draw_number(&seed, 30)};
        struct timeline_key keys[20];
        size_t count = random_keys(keys, 20, &seed);
        bool has_revoked = false;
        TIMELINE(timeline);

        order.ticks_max = (size_t)draw_number(&seed, 40);
        if (draw_number(&seed, 2) == 0) {
            order.from = NOW - draw_number(&seed, 9000);
            order.to = order.from + draw_number(&seed, 9000);
        }
        for (size_t i = 0; i < count; i++)
            has_revoked = has_revoked || keys[i].state == CONTROL_REVOKED;
        assert_true(timeline_lay(&timeline, &order, keys, count));
        assert_int_equal(timeline.count + timeline.hidden, count);
        assert_true(timeline.tick_count <= TIMELINE_TICKS && timeline.from < timeline.to);
        for (size_t i = 0; i < timeline.count; i++)
            assert_true(is_in_order(&timeline, &timeline.rows[i]));
        if (timeline.hidden == 0)
            assert_true(seals_one(&timeline, has_revoked));
    }
}

/* ---- R-TIMELINE-3 ---- */

/* The longest line, and how many hold `glyph`. */
static size_t
measure(const char *text, char glyph, size_t *with)
{
    size_t widest = 0, len;

    for (*with = 0; *text != '\0'; text += len + (text[len] == '\n')) {
        len = strcspn(text, "\n");
        widest = len > widest ? len : widest;
        *with += memchr(text, glyph, len) != NULL;
    }
    return widest;
}

static void
test_every_key_shows(void **state)
{
    static const unsigned widths[] = {1, 40, 80, 99, 100, 101, 400, 5000};

    (void)state;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        const struct timeline_look look = {.width = widths[i], .is_ascii = true};
        char *text = draw(&look, false, 99);
        size_t with, widest = measure(text, '#', &with);

        assert_int_equal(with, 8 + 1); /* of nine keys one is revoked; and the legend */
        assert_true(widest <= (widths[i] < 48 ? 48 : widths[i]));
        free(text);
    }
}

/* A week of keys that each seal for a minute. */
static void
test_short_turns(void **state)
{
    enum { COUNT = 50 };
    const struct timeline_order order = {
        .keyset = "www", .now = NOW, .rows_max = COUNT, .ticks_max = 6};
    const struct timeline_look look = {.width = 80, .is_ascii = true};
    struct timeline_key keys[COUNT];
    char *text = NULL;
    size_t len, with;
    FILE *out = open_memstream(&text, &len);
    TIMELINE(timeline);

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        uint64_t from = NOW - 30 - i * 60;

        keys[i] = (struct timeline_key){.state = i == 0 ? CONTROL_SEALING : CONTROL_OPENING,
                                        .made = from - 90,
                                        .seals_from = from,
                                        .seals_until = from + 75,
                                        .opens_until = from + 7 * 24 * HOUR};
        name_key(&keys[i], i + 1);
    }
    assert_non_null(out);
    assert_true(timeline_lay(&timeline, &order, keys, COUNT));
    timeline_text(out, &timeline, &look);
    assert_int_equal(fclose(out), 0);
    assert_true(measure(text, '#', &with) <= 80);
    assert_int_equal(with, COUNT + 1);
    free(text);
}

/* There may be none. */
static void
test_no_key(void **state)
{
    const struct timeline_order order = {
        .keyset = "www", .now = NOW, .rows_max = 9, .ticks_max = 6};
    const struct timeline_look look = {.width = 80};
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    TIMELINE(timeline);

    (void)state;
    assert_non_null(out);
    assert_true(timeline_lay(&timeline, &order, NULL, 0));
    timeline_text(out, &timeline, &look);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, "there is no key\n");
    free(text);
}

static void
test_ticks(void **state)
{
    static const struct {
        uint64_t from, to;
        const char *first, *last;
    } windows[] = {
        {NOW, NOW + 30, "13:50:10", "13:50:35"},
        {NOW, NOW + 600, "13:52", "14:00"},
        {NOW, NOW + 12 * HOUR, "14:00", "Nov 23"},
        {NOW, NOW + 7 * 24 * HOUR, "Nov 24", "Nov 28"},
        {NOW, NOW + 400 * 24 * HOUR, "Jan 22", "Oct 22"},
        {NOW, TIMELINE_TIME_MAX, "", ""},
    };
    struct timeline_order order = {.keyset = "www", .now = NOW, .rows_max = 1, .ticks_max = 7};

    (void)state;
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        TIMELINE(timeline);

        order.from = windows[i].from;
        order.to = windows[i].to;
        assert_true(timeline_lay(&timeline, &order, NULL, 0));
        assert_in_range(timeline.tick_count, 1, 7);
        if (windows[i].first[0] == '\0')
            continue;
        assert_string_equal(timeline.ticks[0].label, windows[i].first);
        assert_string_equal(timeline.ticks[timeline.tick_count - 1].label, windows[i].last);
    }
}

static void
test_numbers(void **state)
{
    static const struct {
        uint64_t number;
        const char *text;
    } numbers[] = {{0, "0"},          {9999, "9999"},      {10000, "10.0k"},
                   {99949, "99.9k"},  {123456, "123k"},    {999999, "999k"},
                   {1000000, "1.0M"}, {12345678, "12.3M"}, {UINT64_MAX, "18.4E"}};
    char text[TIMELINE_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_string_equal(timeline_number(text, numbers[i].number), numbers[i].text);
    assert_string_equal(timeline_clock(text, NOW), "2025-11-22 13:50:10");
    assert_string_equal(timeline_clock(text, UINT64_MAX), "9999-12-31 23:59:59");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_looks),         cmocka_unit_test(test_svg),
        cmocka_unit_test(test_laid_out_well), cmocka_unit_test(test_every_key_shows),
        cmocka_unit_test(test_short_turns),   cmocka_unit_test(test_ticks),
        cmocka_unit_test(test_no_key),        cmocka_unit_test(test_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
