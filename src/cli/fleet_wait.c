/* see fleet.h: waiting until the hosts have done what was ordered */
#include <stdlib.h>
#include <string.h>

#include "cli/fleet.h"
#include "io/screen.h"

#define PATIENCE_S 30U
#define FIRST_MS 50U /* between two questions; it doubles */
#define LAST_MS 1000U
#define NAMED 50U /* hosts that are told by name */
#define CLEAR "\r\x1b[K"

/* What a host has said so far. */
enum verdict { HAS, HAS_NOT, GONE };

static enum verdict
judge(const struct reply_host *host, const struct fleet_wait *wait)
{
    if (wait->key != NULL ? host->holds : host->agrees)
        return HAS;
    return host->state == CONTROL_SILENT ? GONE : HAS_NOT;
}

static size_t
count(const struct reply_fleet *fleet, const struct fleet_wait *wait, enum verdict verdict)
{
    size_t found = 0;

    for (size_t i = 0; i < fleet->count; i++)
        found += !fleet->hosts[i].is_self && judge(&fleet->hosts[i], wait) == verdict;
    return found;
}

/* ---- what is shown ---- */

/* Two hosts may call themselves alike. */
static bool
has_twin(const struct reply_fleet *fleet, const struct reply_host *host)
{
    size_t alike = 0;

    for (size_t i = 0; i < fleet->count; i++)
        alike += strcmp(fleet->hosts[i].name, host->name) == 0;
    return alike > 1;
}

static void
print_names(FILE *out, const struct reply_fleet *fleet, const struct fleet_wait *wait,
            enum verdict verdict)
{
    size_t named = 0, all = count(fleet, wait, verdict);

    for (size_t i = 0; i < fleet->count && named < NAMED; i++) {
        const struct reply_host *host = &fleet->hosts[i];

        if (host->is_self || judge(host, wait) != verdict)
            continue;
        (void)fprintf(out, "%s%s", named > 0 ? ", " : "", host->name); /* see cli_run_fn */
        if (has_twin(fleet, host))
            (void)fprintf(out, " (%s)", host->id);
        named++;
    }
    if (all > named)
        (void)fprintf(out, " and %zu more", all - named);
}

static void
print_progress(const struct cli *cli, const struct reply_fleet *fleet,
               const struct fleet_wait *wait)
{
    size_t has = count(fleet, wait, HAS), has_not = count(fleet, wait, HAS_NOT);

    if (!cli->is_terminal || cli->json)
        return;
    (void)fprintf(cli->out, CLEAR "%zu of %zu other hosts", has, has + has_not); /* the same */
    (void)fflush(cli->out);
}

static void
print_result(const struct cli *cli, const struct reply_fleet *fleet, const struct fleet_wait *wait)
{
    static const struct {
        enum verdict verdict;
        const char *words;
    } lines[] = {
        {HAS, "confirmed by"}, {HAS_NOT, "not confirmed by"}, {GONE, "silent, and to follow:"}};

    if (cli->json)
        return;
    (void)fputs(cli->is_terminal ? CLEAR : "", cli->out); /* see cli_run_fn */
    if (fleet->known <= 1)
        (void)fputs("no other host has been heard of\n", cli->out);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        size_t found = count(fleet, wait, lines[i].verdict);

        if (found == 0)
            continue;
        (void)fprintf(cli->out, "%s %zu other host%s: ", lines[i].words, found,
                      found == 1 ? "" : "s");
        print_names(cli->out, fleet, wait, lines[i].verdict);
        (void)fputc('\n', cli->out);
    }
}

static json_t *
list(const struct reply_fleet *fleet, const struct fleet_wait *wait, enum verdict verdict)
{
    json_t *hosts = json_array();

    for (size_t i = 0; i < fleet->count; i++) {
        const struct reply_host *host = &fleet->hosts[i];

        if (host->is_self || judge(host, wait) != verdict)
            continue;
        if (json_array_append_new(
                hosts, json_pack("{s:s, s:s}", "id", host->id, "name", host->name)) != 0) {
            json_decref(hosts);
            return NULL;
        }
    }
    return hosts;
}

/* ---- wait ---- */

static int
by_id(const void *a, const void *b)
{
    return strcmp(((const struct reply_host *)a)->id, ((const struct reply_host *)b)->id);
}

/* Who has followed once has done so, also if since then other keys came, which some have sooner. */
static void
keep_followed(struct reply_fleet *fleet, struct reply_fleet *before, const struct fleet_wait *wait)
{
    if (before->count > 0)
        qsort(before->hosts, before->count, sizeof *before->hosts, by_id);
    for (size_t i = 0; before->count > 0 && i < fleet->count; i++) {
        struct reply_host *host = &fleet->hosts[i];
        const struct reply_host *was =
            bsearch(host, before->hosts, before->count, sizeof *host, by_id);

        if (was != NULL && judge(was, wait) == HAS)
            host->holds = host->agrees = true;
    }
}

static json_t *
ask(const struct cli *cli, struct reply_fleet *fleet, const struct fleet_wait *wait,
    struct err *err)
{
    struct reply_fleet before = *fleet;
    json_t *root;

    *fleet = (struct reply_fleet){0};
    root = fleet_ask_once(cli, fleet, wait->keyset, wait->key, err);
    keep_followed(fleet, &before, wait);
    reply_fleet_free(&before);
    return root;
}

static bool
is_done(const struct reply_fleet *fleet, const struct fleet_wait *wait, uint64_t from_ms)
{
    return fleet->has_looked && fleet->looked_ms >= from_ms && count(fleet, wait, HAS_NOT) == 0;
}

/* The last answer; false where there was none. */
static bool
follow(const struct cli *cli, struct reply_fleet *fleet, const struct fleet_wait *wait,
       struct screen *screen, struct err *err)
{
    uint64_t patience_ms = (uint64_t)(cli->wait_s == 0 ? PATIENCE_S : cli->wait_s) * 1000;
    uint64_t from_ms = 0, until_ms = screen_clock_ms() + patience_ms;
    unsigned rest_ms = FIRST_MS;

    (void)fflush(cli->out); /* what has been done is told before the wait; see cli_run_fn */
    for (;;) {
        json_t *root = ask(cli, fleet, wait, err);

        json_decref(root);
        if (root == NULL)
            return false;
        from_ms = from_ms == 0 ? fleet->boot_ms : from_ms;
        if (!fleet->has_farm || is_done(fleet, wait, from_ms) || screen_clock_ms() >= until_ms)
            return true;
        print_progress(cli, fleet, wait);
        if (screen_wait(screen, rest_ms) == SCREEN_STOP)
            return true;
        rest_ms = rest_ms < LAST_MS / 2 ? rest_ms * 2 : LAST_MS;
    }
}

static bool
settle(const struct cli *cli, json_t **result, const struct fleet_wait *wait,
       const struct reply_fleet *fleet, struct err *err)
{
    size_t has_not = count(fleet, wait, HAS_NOT);

    if (!fleet->has_farm) {
        *result = json_null();
        return true;
    }
    print_result(cli, fleet, wait);
    *result = json_pack("{s:o, s:o, s:o}", "have", list(fleet, wait, HAS), "have_not",
                        list(fleet, wait, HAS_NOT), "silent", list(fleet, wait, GONE));
    if (*result == NULL)
        return err_set(err, "no memory to tell which hosts have confirmed");
    if (has_not > 0)
        return err_set(err,
                       "it is done here, but %zu host%s not confirmed it: stekctl fleet -k %s says "
                       "more",
                       has_not, has_not == 1 ? " has" : "s have", wait->keyset);
    return fleet->has_looked ||
           err_set(err,
                   "it is done here, but other hosts cannot be asked: stekctl fleet -k %s "
                   "says why",
                   wait->keyset);
}

static bool
confirm(const struct cli *cli, json_t **result, const struct fleet_wait *wait, struct err *err)
{
    struct screen screen = {.signals = -1};
    REPLY_FLEET(fleet);
    bool ok;

    if (cli->no_wait) {
        *result = json_null();
        return true;
    }
    ok = screen_open(&screen, cli->out, false, err) && follow(cli, &fleet, wait, &screen, err);
    screen_close(&screen);
    if (ok)
        return settle(cli, result, wait, &fleet, err);
    *result = json_null();
    return err_add(err, "it is done here, but whether other hosts follow is not known");
}

bool
fleet_confirm(const struct cli *cli, json_t *answer, const struct fleet_wait *wait, struct err *err)
{
    json_t *hosts = NULL;
    bool ok = confirm(cli, &hosts, wait, err);

    if (json_object_set_new(answer, "hosts", hosts) != 0)
        ok = err_set(err, "it is done here, but there is no memory to tell of other hosts");
    if (cli->json)
        call_print(cli, answer);
    return ok;
}
