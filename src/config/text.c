/* see text.h */
#include "config/text.h"

#include <string.h>

/* A brace that is open. */
struct brace {
    unsigned line;
    bool is_list;
};

struct scan {
    const char *file;
    char *text;
    size_t len, at;
    unsigned line;
    char last; /* that was neither white space nor a comment */
    struct brace open[CONFIG_DEPTH_MAX];
    size_t depth;
    struct config_sections *sections;
    struct err *err;
};

static bool
fail(const struct scan *scan, unsigned line, const char *what)
{
    return err_set(scan->err, "%s:%u: %s", scan->file, line, what);
}

static char
peek(const struct scan *scan, size_t ahead)
{
    if (ahead >= scan->len - scan->at)
        return '\0';
    return scan->text[scan->at + ahead];
}

static void
blank(struct scan *scan)
{
    if (scan->text[scan->at] == '\n')
        scan->line++;
    else
        scan->text[scan->at] = ' ';
    scan->at++;
}

/* A comment begins here: "#" anywhere, "//" and C's where a word would begin. */
static bool
is_comment(const struct scan *scan)
{
    if (peek(scan, 0) == '#')
        return true;
    if (peek(scan, 0) != '/' || (peek(scan, 1) != '/' && peek(scan, 1) != '*'))
        return false;
    return scan->at == 0 || strchr(" \t\r\n{}()=+,\"'", scan->text[scan->at - 1]) != NULL;
}

static bool
skip_comment(struct scan *scan)
{
    bool is_block = peek(scan, 0) == '/' && peek(scan, 1) == '*';
    unsigned begin = scan->line;

    if (is_block) {
        blank(scan);
        blank(scan);
    }
    while (scan->at < scan->len) {
        if (!is_block && peek(scan, 0) == '\n')
            return true;
        if (is_block && peek(scan, 0) == '*' && peek(scan, 1) == '/') {
            blank(scan);
            blank(scan);
            return true;
        }
        blank(scan);
    }
    return !is_block || fail(scan, begin, "this comment never ends: close it with */");
}

static bool
is_control(char c)
{
    return ((unsigned char)c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 127;
}

static bool
skip_string(struct scan *scan)
{
    char quote = peek(scan, 0);
    size_t begin = scan->at;

    for (scan->at++; scan->at < scan->len; scan->at++) {
        char c = peek(scan, 0);

        if (c == quote) {
            scan->at++;
            return scan->at - begin > 2 ||
                   fail(scan, scan->line, "an empty string has no place here");
        }
        if (c == '$' && peek(scan, 1) == '{')
            return fail(scan, scan->line, "${...}: variables of the environment are not put in");
        if (c != '\0' && strchr("\\|=", c) != NULL)
            return fail(scan, scan->line, "one of \\ | = has no place in a string here");
        if (c == '\n' || is_control(c))
            break;
    }
    return fail(scan, scan->line, "this string does not end on its line: close it with a quote");
}

static bool
open_brace(struct scan *scan)
{
    bool is_list = scan->last == '=';

    if (scan->depth > 0 && scan->open[scan->depth - 1].is_list)
        return fail(scan, scan->line, "{ has no place in a list");
    if (scan->depth == CONFIG_DEPTH_MAX)
        return fail(scan, scan->line, "sections are nested too deep");
    scan->open[scan->depth++] = (struct brace){.line = scan->line, .is_list = is_list};
    return true;
}

static bool
close_brace(struct scan *scan)
{
    struct config_sections *sections = scan->sections;
    const struct brace *open;

    if (scan->depth == 0)
        return fail(scan, scan->line, "} closes nothing: take it away, or open a section before");
    open = &scan->open[--scan->depth];
    if (open->is_list)
        return scan->last != '{' || fail(scan, scan->line, "an empty list: write a value into it");
    if (sections->count == CONFIG_SECTIONS_MAX)
        return fail(scan, open->line, "too many sections: there may be 2048");
    sections->lines[sections->count++] = open->line;
    return true;
}

static bool
step(struct scan *scan)
{
    char c = peek(scan, 0);

    if (is_comment(scan))
        return skip_comment(scan);
    if (c == '"' || c == '\'') {
        scan->last = c;
        return skip_string(scan);
    }
    if ((c == '{' && !open_brace(scan)) || (c == '}' && !close_brace(scan)))
        return false;
    if (c == '\0' || is_control(c))
        return fail(scan, scan->line, "a control character: is this a text file?");
    if (strchr("*|$\\()", c) != NULL)
        return fail(scan, scan->line,
                    "one of * | $ \\ ( ) has no place here: put the value in quotes");
    if (strchr(" \t\r\n", c) == NULL)
        scan->last = c;
    if (c == '\n')
        scan->line++;
    scan->at++;
    return true;
}

/* NOLINTBEGIN(readability-non-const-parameter): blank() writes to the text */
bool
config_text_clean(struct config_sections *sections, const char *file, char *text, size_t len,
                  struct err *err)
{
    struct scan scan = {.file = file, .text = text, .len = len, .line = 1, .err = err};

    scan.sections = sections;
    sections->count = 0;
    while (scan.at < scan.len) {
        if (!step(&scan))
            return false;
    }
    if (scan.depth > 0)
        return fail(&scan, scan.open[0].line,
                    "the section that begins here is not closed: } missing");
    return true;
}
/* NOLINTEND(readability-non-const-parameter) */
