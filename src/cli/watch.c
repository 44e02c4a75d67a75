/* stekctl watch: the status, live. On a terminal it is drawn again in place; elsewhere it is a line
 * a keyset, or JSON whenever something changes. A stekd that is stopped and started meanwhile is
 * waited for. */
#include "cli/watch.h"

#include <stdlib.h>
#include <string.h>

#include "cli/call.h"
#include "io/screen.h"
#include "io/terminal.h"

#define TIMEOUT_MS 2000L /* so long an interrupt may have to wait for stekd */

struct sample {
    struct reply_status status;
    uint64_t at_ms;
};

struct watch {
    struct cli cli; /* but with less patience, and the width of the moment */
    struct screen screen;
    json_t *last;                         /* the last answer; NULL: none yet */
    struct sample samples[WATCH_SAMPLES]; /* the oldest first */
    size_t sample_count;
    struct reply_keys *keys; /* of each keyset of the last sample */
    size_t key_count;
    struct err gone; /* why there is no answer now; "": there is */
    bool is_screen;  /* for people */
};

/* ---- samples ---- */

static void
drop_keys(struct watch *watch)
{
    for (size_t i = 0; i < watch->key_count; i++)
        reply_keys_free(&watch->keys[i]);
    free(watch->keys);
    watch->keys = NULL;
    watch->key_count = 0;
}

static void
drop_samples(struct watch *watch, size_t count)
{
    for (size_t i = 0; i < count; i++)
        reply_status_free(&watch->samples[i].status);
    for (size_t i = count; i < watch->sample_count; i++)
        watch->samples[i - count] = watch->samples[i];
    watch->sample_count -= count;
}

/* Takes the status over. Counters of another stekd are no measure. */
static void
add_sample(struct watch *watch, struct reply_status *status)
{
    if (watch->sample_count > 0 && (watch->samples[0].status.pid != status->pid ||
                                    watch->samples[0].status.started != status->started))
        drop_samples(watch, watch->sample_count);
    if (watch->sample_count == WATCH_SAMPLES)
        drop_samples(watch, 1);
    watch->samples[watch->sample_count++] =
        (struct sample){.status = *status, .at_ms = screen_clock_ms()};
    *status = (struct reply_status){0};
}

/* The keys of each keyset, for the timeline: as they are asked for, or none. */
static void
ask_keys(struct watch *watch, const struct reply_status *status)
{
    struct err ignored; /* the next status tells what is wrong */

    drop_keys(watch);
    watch->keys = calloc(status->count + 1, sizeof *watch->keys);
    if (watch->keys == NULL)
        return;
    watch->key_count = status->count;
    for (size_t i = 0; i < status->count; i++) {
        json_t *root = call_keys(&watch->cli, status->keysets[i].name, &ignored);

        if (root != NULL)
            (void)reply_keys_read(&watch->keys[i], root, &ignored); /* then there are none */
        json_decref(root);
    }
}

/* Keys change with the generation of their ring only. */
static bool
has_new_keys(const struct watch *watch)
{
    const struct reply_status *new, *old;

    if (watch->sample_count < 2)
        return true;
    new = &watch->samples[watch->sample_count - 1].status;
    old = &watch->samples[watch->sample_count - 2].status;
    if (new->count != old->count || watch->key_count != new->count)
        return true;
    for (size_t i = 0; i < new->count; i++) {
        const struct reply_keyset *a = &new->keysets[i], *b = &old->keysets[i];

        if (a->generation != b->generation || strcmp(a->name, b->name) != 0 ||
            strcmp(a->sealing.name, b->sealing.name) != 0)
            return true;
    }
    return false;
}

/* ---- what is shown ---- */

/* Without what changes by itself. */
static json_t *
copy_steady(const json_t *status)
{
    static const char *const restless[] = {"boot_ms", "looked_boot_ms", "lag_ms",  "clock_ms",
                                           "said",    "records",        "engines", "clock_max_ms"};
    json_t *copy = json_deep_copy(status), *keyset;
    size_t i;

    (void)json_object_del(copy, "now"); /* the reader made sure that it is there */
    json_array_foreach(json_object_get(copy, "keysets"), i, keyset)
    {
        json_t *farm = json_object_get(keyset, "farm");

        for (size_t j = 0; j < sizeof restless / sizeof *restless; j++)
            (void)json_object_del(farm, restless[j]); /* there may be no farm */
    }
    return copy;
}

/* The clock alone is no change. */
static bool
is_change(const json_t *old, const json_t *new)
{
    json_t *a = copy_steady(old), *b = copy_steady(new);
    bool is_same = json_equal(a, b) == 1;

    json_decref(a);
    json_decref(b);
    return !is_same;
}

static struct watch_view
view_of(const struct watch *watch)
{
    const struct sample *last = &watch->samples[watch->sample_count - 1];
    bool has_before = watch->sample_count > 1;

    return (struct watch_view){.cli = &watch->cli,
                               .rows = terminal_rows(watch->cli.out),
                               .status = &last->status,
                               .before = has_before ? &watch->samples[0].status : NULL,
                               .elapsed_ms = last->at_ms - watch->samples[0].at_ms,
                               .keys = watch->keys,
                               .trouble = watch->gone.text};
}

static bool
draw(struct watch *watch)
{
    struct watch_view view;
    char *text = NULL;
    size_t len = 0;
    FILE *page = open_memstream(&text, &len);
    bool ok;

    watch->cli.columns = terminal_columns(watch->cli.out);
    view = view_of(watch);
    ok = page != NULL && watch->keys != NULL && watch_page(page, &view);
    if (page != NULL)
        ok = fclose(page) == 0 && ok;
    ok = ok && screen_draw(&watch->screen, text);
    free(text);
    return ok;
}

static bool
print_lines(struct watch *watch)
{
    const struct watch_view view = view_of(watch);

    if (watch->gone.text[0] == '\0')
        watch_lines(watch->cli.out, &view);
    return fflush(watch->cli.out) == 0;
}

static bool
print_json(const struct watch *watch)
{
    return json_dumpf(watch->last, watch->cli.out, JSON_COMPACT | JSON_ENSURE_ASCII) == 0 &&
           fputc('\n', watch->cli.out) != EOF && fflush(watch->cli.out) == 0;
}

static bool
show(struct watch *watch, bool changed)
{
    if (watch->is_screen)
        return draw(watch);
    if (watch->cli.json)
        return !changed || print_json(watch);
    return print_lines(watch);
}

/* ---- again and again ---- */

/* Ask again. False where the very first answer failed: then there is nothing to wait for. */
static bool
refresh(struct watch *watch, bool *changed, struct err *err)
{
    REPLY_STATUS(status);
    json_t *root = call_status(&watch->cli, err);

    *changed = false;
    if (root != NULL && reply_status_read(&status, root, err)) {
        *changed = watch->last == NULL || is_change(watch->last, root);
        json_decref(watch->last);
        watch->last = root;
        watch->gone.text[0] = '\0';
        add_sample(watch, &status);
        if (watch->is_screen && has_new_keys(watch))
            ask_keys(watch, &watch->samples[watch->sample_count - 1].status);
        return true;
    }
    json_decref(root);
    if (watch->gone.text[0] == '\0' && watch->last != NULL && !watch->is_screen)
        (void)fprintf(stderr, "stekctl: %s\n", err->text); /* stderr is all there is */
    watch->gone = *err;
    return watch->last != NULL;
}

static enum cli_result
follow(struct watch *watch, struct err *err)
{
    enum screen_event event = SCREEN_TIME;
    bool changed = false;

    while (event != SCREEN_STOP) {
        if (event == SCREEN_TIME && !refresh(watch, &changed, err))
            return CLI_FAILED;
        if (watch->is_screen && watch->screen.signals < 0 &&
            !screen_open(&watch->screen, watch->cli.out, true, err))
            return CLI_FAILED; /* only now: what fails at once is said on the usual page */
        if (!show(watch, changed)) {
            (void)err_set(err, "cannot write the status");
            return CLI_FAILED;
        }
        event = screen_wait(&watch->screen, watch->cli.interval_s * 1000);
    }
    return CLI_DONE;
}

enum cli_result
watch_run(const struct cli *cli, struct err *err)
{
    struct watch watch = {
        .cli = *cli, .screen = {.signals = -1}, .is_screen = cli->is_terminal && !cli->json};
    enum cli_result result = CLI_FAILED;

    watch.cli.timeout_ms = TIMEOUT_MS;
    if (watch.is_screen || screen_open(&watch.screen, cli->out, false, err))
        result = follow(&watch, err);
    screen_close(&watch.screen);
    drop_samples(&watch, watch.sample_count);
    drop_keys(&watch);
    json_decref(watch.last);
    return result;
}
