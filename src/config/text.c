/* see text.h */
#include "config/text.h"

#include <string.h>

struct scan {
    const char *file;
    char *text;
    size_t len, at;
    unsigned line;
    unsigned depth, outer_line; /* of braces; where the outermost open one stands */
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
brace(struct scan *scan)
{
    struct config_sections *sections = scan->sections;

    if (peek(scan, 0) == '}') {
        scan->at++;
        if (scan->depth-- > 0)
            return true;
        return fail(scan, scan->line, "} closes nothing: take it away, or open a section before");
    }
    scan->at++;
    if (scan->depth++ > 0)
        return true;
    scan->outer_line = scan->line;
    if (sections->count == CONFIG_KEYSETS_MAX)
        return fail(scan, scan->line, "too many keysets: one stekd keeps up to 256");
    sections->lines[sections->count++] = scan->line;
    return true;
}

static bool
step(struct scan *scan)
{
    char c = peek(scan, 0);

    if (is_comment(scan))
        return skip_comment(scan);
    if (c == '"' || c == '\'')
        return skip_string(scan);
    if (c == '{' || c == '}')
        return brace(scan);
    if (c == '\0' || is_control(c))
        return fail(scan, scan->line, "a control character: is this a text file?");
    if (strchr("*|$\\()", c) != NULL)
        return fail(scan, scan->line,
                    "one of * | $ \\ ( ) has no place here: put the value in quotes");
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
        return fail(&scan, scan.outer_line,
                    "the section that begins here is not closed: } missing");
    return true;
}
/* NOLINTEND(readability-non-const-parameter) */
