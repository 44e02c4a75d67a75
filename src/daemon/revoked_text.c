/* see revoked_text.h */
#include "daemon/revoked_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hex.h"

#define HEAD "stek-revoked1"
#define ALL "all"
#define END "end"
#define COMMENT \
    "# What is revoked of this keyset. stekd keeps it for when its memory is gone: see " \
    "stekd(8).\n"
#define NAME_DIGITS (2 * (size_t)KEY_NAME_LEN)
#define DIGITS_MAX 15U /* of a time: any second or millisecond of 30,000 years */
#define LINE_MAX_LEN (NAME_DIGITS + 2 * sizeof " 18446744073709551615")

/* The rules of keysets ask for a clock; where ours stands is nothing to what the file says. So each
 * is added in the last second in which it counts. */
static uint64_t
last_ms(uint64_t until)
{
    return until == 0 ? 0 : (until - 1) * 1000;
}

static enum keyset_change
add_mark(struct keyset *kept, const struct mark *mark)
{
    uint64_t now_ms = last_ms(mark->until);

    return keyset_revoke_mark(kept, mark->made_ms, mark->until,
                              now_ms > mark->made_ms ? now_ms : mark->made_ms,
                              NULL); /* never refused */
}

/* Refused where there are too many, or no memory. */
static enum keyset_change
add_name(struct keyset *kept, const struct revocation *one, struct err *err)
{
    return keyset_revoke_name(kept, one->name, one->until, last_ms(one->until), err);
}

bool
revoked_add(struct keyset *out, bool *changed, const struct keyset *set, struct err *err)
{
    struct err why = {""};
    bool done = true;

    *changed |= add_mark(out, &set->mark) == KEYSET_CHANGED;
    for (size_t i = 0; i < set->revocation_count; i++) {
        enum keyset_change change = add_name(out, &set->revocations[i], &why);

        *changed |= change == KEYSET_CHANGED;
        if (change == KEYSET_REFUSED && done)
            done = err_set(err, "%s", why.text);
    }
    return done;
}

/* ---- reading ---- */

static bool
is_word(struct reader line, const char *word)
{
    return line.left == strlen(word) && memcmp(line.at, word, line.left) == 0;
}

/* Up to the end of a line, which must be there. */
static struct reader
next_line(struct reader *text)
{
    const uint8_t *end = text->left == 0 ? NULL : memchr(text->at, '\n', text->left);
    struct reader line = read_sub(text, end == NULL ? text->left + 1 : (size_t)(end - text->at));

    (void)read_u8(text); /* the end of it */
    return line;
}

/* A space, and a number that fills the line up to the next one, or to its end. */
static uint64_t
read_number(struct reader *line)
{
    uint64_t number = 0;
    size_t digits = 0;

    if (read_u8(line) != ' ')
        line->failed = true;
    for (; line->left > 0 && *line->at != ' '; digits++) {
        uint8_t digit = (uint8_t)(read_u8(line) - '0');

        if (digit > 9 || digits == DIGITS_MAX) {
            line->failed = true;
            return 0;
        }
        number = number * 10 + digit;
    }
    line->failed = line->failed || digits == 0;
    return number;
}

enum line { LINE_TAKEN, LINE_WRONG, LINE_FAILED };

static enum line
take_all(struct keyset *out, struct reader line)
{
    struct mark mark = {.made_ms = read_number(&line)};

    mark.until = read_number(&line);
    if (!reader_done(&line) || out->mark.until > 0)
        return LINE_WRONG;
    (void)add_mark(out, &mark); /* or it was over before it was made */
    return LINE_TAKEN;
}

static enum line
take_name(struct keyset *out, struct reader line)
{
    const uint8_t *digits = read_bytes(&line, NAME_DIGITS);
    struct revocation one = {.until = read_number(&line)};

    if (!reader_done(&line) || out->revocation_count == KEYSET_REVOCATIONS_MAX ||
        !hex_decode(one.name, sizeof one.name, (const char *)digits, NAME_DIGITS))
        return LINE_WRONG;
    return add_name(out, &one, NULL) == KEYSET_REFUSED ? LINE_FAILED : LINE_TAKEN;
}

static enum line
take_line(struct keyset *out, struct reader line)
{
    static const char all[] = ALL " ";

    if (line.left >= sizeof all - 1 && memcmp(line.at, all, sizeof all - 1) == 0) {
        (void)read_bytes(&line, sizeof ALL - 1); /* it is there */
        return take_all(out, line);
    }
    return take_name(out, line);
}

/* A line that counts: no comment. Failed if there is none, or not all of one. */
static struct reader
next_that_counts(struct reader *text, unsigned *number)
{
    struct reader line;

    do {
        line = next_line(text);
        ++*number;
    } while (!line.failed && line.left > 0 && *line.at == '#');
    return line;
}

enum revoked_text
revoked_decode(struct keyset *out, const char *text, size_t len, struct err *err)
{
    struct reader rest = reader_of(text, len);
    unsigned number = 0, wrong = 0;
    struct reader line = next_that_counts(&rest, &number);
    KEYSET(set);

    if (!line.failed && is_word(line, HEAD))
        line = next_that_counts(&rest, &number);
    else
        wrong = number;
    for (; !line.failed && !is_word(line, END); line = next_that_counts(&rest, &number)) {
        enum line found = take_line(&set, line);

        if (found == LINE_FAILED) {
            (void)err_set(err, "no memory"); /* always false */
            return REVOKED_FAILED;
        }
        if (found == LINE_WRONG && wrong == 0)
            wrong = number;
    }
    if (wrong == 0 && !reader_done(&rest))
        wrong = number;
    *out = set;
    keyset_init(&set);
    if (wrong == 0)
        return REVOKED_WHOLE;
    (void)err_set(err, "line %u is damaged, or missing", wrong); /* always false */
    return REVOKED_DAMAGED;
}

/* ---- writing ---- */

static void
write_text(struct writer *w, const char *text)
{
    write_bytes(w, text, strlen(text));
}

char *
revoked_encode(size_t *len, const struct keyset *set)
{
    size_t cap = sizeof COMMENT HEAD END + (set->revocation_count + 2) * LINE_MAX_LEN;
    char *text = malloc(cap), line[LINE_MAX_LEN + 1], name[HEX_LEN(KEY_NAME_LEN)];
    struct writer w = writer_of(text, cap);

    if (text == NULL)
        return NULL;
    write_text(&w, COMMENT HEAD "\n");
    if (set->mark.until > 0) {
        (void)snprintf(line, sizeof line, ALL " %llu %llu\n", (unsigned long long)set->mark.made_ms,
                       (unsigned long long)set->mark.until); /* fits */
        write_text(&w, line);
    }
    for (size_t i = 0; i < set->revocation_count; i++) {
        (void)snprintf(line, sizeof line, "%s %llu\n",
                       hex_encode(name, set->revocations[i].name, KEY_NAME_LEN),
                       (unsigned long long)set->revocations[i].until); /* fits */
        write_text(&w, line);
    }
    write_text(&w, END "\n");
    *len = w.len;
    return text;
}
