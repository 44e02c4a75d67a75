/* stekctl watch: the status, live. On a terminal it is drawn again in place; elsewhere each change
 * is one line of JSON. A stekd that is stopped and started meanwhile is waited for. */
#include <stdlib.h>
#include <string.h>

#include "cli/call.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "io/terminal.h"

#define TIMEOUT_MS 2000L /* so long an interrupt may have to wait for stekd */
#define SCREEN_BEGIN "\033[?25l\033[?7l\033[2J" /* no cursor, no wrapping of lines, empty */
#define SCREEN_END "\033[?7h\033[?25h"
#define TO_TOP "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_BELOW "\033[J"

struct watch {
    const struct cli *cli;
    json_t *last;    /* the last answer; NULL: none yet */
    struct err gone; /* why there is none now; "": there is */
    bool is_screen;  /* for people; else for programs */
    bool is_drawn;   /* something is on the screen */
};

/* ---- for programs ---- */

/* The clock alone is no change. */
static bool
is_change(json_t *old, json_t *new)
{
    json_t *a = json_copy(old), *b = json_copy(new); /* shallow */
    bool is_same;

    (void)json_object_del(a, "now"); /* the reader made sure that it is there */
    (void)json_object_del(b, "now");
    is_same = json_equal(a, b) == 1;
    json_decref(a);
    json_decref(b);
    return !is_same;
}

static bool
print_line(const struct cli *cli, const json_t *root)
{
    return json_dumpf(root, cli->out, JSON_COMPACT | JSON_ENSURE_ASCII) == 0 &&
           fputc('\n', cli->out) != EOF && fflush(cli->out) == 0;
}

/* ---- for people ---- */

/* As many lines of `text` as the window has, each over what stood there. What fails
 * is seen by print_screen(). */
static void
draw(FILE *out, const char *text, unsigned rows)
{
    (void)fputs(TO_TOP, out);
    for (unsigned row = 1; *text != '\0' && (rows == 0 || row < rows); row++) {
        size_t len = strcspn(text, "\n");

        (void)fwrite(text, 1, len, out);
        (void)fputs(CLEAR_LINE "\n", out);
        text += len + (text[len] == '\n');
    }
    (void)fputs(CLEAR_BELOW, out);
}

/* The page as text, to be freed; NULL where there is no memory. */
static char *
make_page(const struct watch *watch)
{
    bool color = watch->cli->color;
    REPLY_STATUS(status);
    struct err ignored; /* it was read before */
    char *text = NULL;
    size_t len = 0;
    FILE *page = open_memstream(&text, &len);
    bool ok = page != NULL;

    if (ok && watch->gone.text[0] != '\0')
        (void)fprintf(page, "%s%s%s\n", table_style_begin(TABLE_BAD, color), watch->gone.text,
                      table_style_end(TABLE_BAD, color)); /* fclose() tells */
    if (ok && reply_status_read(&status, watch->last, &ignored))
        ok = status_print(page, &status, color);
    if (page != NULL && fclose(page) == 0 && ok)
        return text;
    free(text);
    return NULL;
}

static bool
print_screen(struct watch *watch)
{
    FILE *out = watch->cli->out;
    char *text = make_page(watch);

    if (text == NULL)
        return false;
    if (!watch->is_drawn)
        (void)fputs(SCREEN_BEGIN, out); /* all of it: fflush() tells */
    watch->is_drawn = true;
    draw(out, text, terminal_rows(out));
    free(text);
    return fflush(out) == 0;
}

/* ---- both ---- */

/* Ask again. False where the very first answer failed: then there is nothing to wait for. */
static bool
refresh(struct watch *watch, bool *changed, struct err *err)
{
    REPLY_STATUS(status);
    json_t *root = call_status(watch->cli, err);

    if (root != NULL && reply_status_read(&status, root, err)) {
        *changed = watch->last == NULL || is_change(watch->last, root);
        json_decref(watch->last);
        watch->last = root;
        watch->gone.text[0] = '\0';
        return true;
    }
    json_decref(root);
    *changed = false;
    if (watch->gone.text[0] == '\0' && watch->last != NULL && !watch->is_screen)
        (void)fprintf(stderr, "stekctl: %s\n", err->text); /* stderr is all there is */
    watch->gone = *err;
    return watch->last != NULL;
}

static enum cli_result
follow(struct watch *watch, struct err *err)
{
    bool changed;

    do {
        bool ok = refresh(watch, &changed, err);

        if (!ok)
            return CLI_FAILED;
        if (watch->is_screen)
            ok = print_screen(watch);
        else if (changed)
            ok = print_line(watch->cli, watch->last);
        if (!ok) {
            (void)err_set(err, "cannot write the status");
            return CLI_FAILED;
        }
    } while (!terminal_wait(watch->cli->interval_s));
    return CLI_DONE;
}

enum cli_result
watch_run(const struct cli *cli, struct err *err)
{
    struct cli impatient = *cli;
    struct watch watch = {.cli = &impatient, .is_screen = cli->is_terminal && !cli->json};
    enum cli_result result;

    impatient.timeout_ms = TIMEOUT_MS;
    if (!terminal_hold_signals()) {
        (void)err_errno(err, "cannot wait for signals");
        return CLI_FAILED;
    }
    result = follow(&watch, err);
    if (watch.is_drawn)
        (void)fputs(SCREEN_END, cli->out); /* see cli_run_fn */
    json_decref(watch.last);
    return result;
}
