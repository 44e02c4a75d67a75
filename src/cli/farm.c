/* stekctl farm: which farm of hosts a keyset is shared in; begin one, join one, let a host in.
 *
 * What is to be carried to another host is all that is printed; how to go on is told beside it, so
 * that it can be piped. The lines hold the farm's secret sealed, never the secret. */
#include <stdarg.h>
#include <string.h>

#include "cli/call.h"
#include "cli/cli.h"
#include "cli/reply_farm.h"
#include "cli/text.h"
#include "io/moment.h"

/* How to go on, behind what was printed. */
static void note(const struct cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
note(const struct cli *cli, const char *format, ...)
{
    va_list args;

    (void)fflush(cli->out); /* main() asks ferror() */
    va_start(args, format);
    (void)vfprintf(cli->notes, format, args); /* all there is to tell it */
    va_end(args);
}

/* ---- what is typed ---- */

/* All of the standard input; on a terminal an empty line ends it, too. */
static bool
read_input(const struct cli *cli, char out[CONTROL_LINE_MAX + 1], const char *what, struct err *err)
{
    size_t len = 0;
    int c, before = '\n';

    if (cli->is_asked)
        note(cli, "the %s, and an empty line behind it:\n", what);
    while ((c = fgetc(cli->in)) != EOF) {
        if (cli->is_asked && len > 0 && c == '\n' && before == '\n')
            break;
        if (len == CONTROL_LINE_MAX)
            return err_set(err, "the standard input is longer than a %s", what);
        before = c;
        if (len > 0 || c != '\n')
            out[len++] = (char)c;
    }
    out[len] = '\0';
    return len > 0 || err_set(err, "the standard input is empty: it should be the %s", what);
}

/* The only argument, or what "-" stands for. */
static bool
take_line(const struct cli *cli, char out[CONTROL_LINE_MAX + 1], const char *what, struct err *err)
{
    const char *typed = cli->args[1];

    if (strcmp(typed, "-") == 0)
        return read_input(cli, out, what, err);
    if (strlen(typed) > CONTROL_LINE_MAX)
        return err_set(err, "that is longer than a %s", what);
    (void)snprintf(out, CONTROL_LINE_MAX + 1, "%s", typed); /* fits */
    return true;
}

/* Send an order, with a line where `member` is not NULL. */
static json_t *
order(const struct cli *cli, const char *path, const char *member, const char *line,
      struct err *err)
{
    char keyset[CONTROL_KEYSET_MAX + 1];

    if (!call_keyset(cli, keyset, err))
        return NULL;
    if (member == NULL)
        return call_post(cli, path, json_pack("{s:s}", "keyset", keyset), err);
    return call_post(cli, path, json_pack("{s:s, s:s}", "keyset", keyset, member, line), err);
}

/* ---- show ---- */

void
farm_print(FILE *out, const struct reply_farm *reply)
{
    char since[MOMENT_LEN], until[TEXT_MAX];

    if (reply->id[0] != '\0')
        (void)fprintf(out,
                      "keyset %s: farm %s\n  secret     %s, from %.10s on; %llu days back are "
                      "needed\n",
                      reply->keyset, reply->id, reply->file, moment_text(since, reply->since),
                      (unsigned long long)reply->keep_days);
    else if (reply->is_shared)
        (void)fprintf(out,
                      "keyset %s: in no farm: stekctl farm init begins one, stekctl farm join asks "
                      "to join that of another host\n",
                      reply->keyset);
    else
        (void)fprintf(out,
                      "keyset %s: not shared: add a section share to it in stekd.conf to share it "
                      "with other hosts\n",
                      reply->keyset);
    if (reply->warning[0] != '\0')
        (void)fprintf(out, "  warning    %s\n", reply->warning);
    if (reply->line[0] != '\0')
        (void)fprintf(out, "  request    fingerprint %s, waits for its answer until %s:\n%s\n",
                      reply->fingerprint, text_clock(until, reply->expires, reply->now),
                      reply->line);
}

static json_t *
get(const struct cli *cli, struct reply_farm *reply, struct err *err)
{
    char keyset[CONTROL_KEYSET_MAX + 1];
    char path[sizeof CONTROL_FARM + sizeof "?keyset=" + CONTROL_KEYSET_MAX];
    json_t *root;

    if (!call_keyset(cli, keyset, err))
        return NULL;
    (void)snprintf(path, sizeof path, "%s?keyset=%s", CONTROL_FARM, keyset); /* fits */
    root = call_get(cli, path, err);
    if (root == NULL || reply_farm_read(reply, root, err))
        return root;
    json_decref(root);
    return NULL;
}

static enum cli_result
show(const struct cli *cli, struct err *err)
{
    struct reply_farm reply;
    json_t *root = get(cli, &reply, err);

    if (root == NULL)
        return CLI_FAILED;
    if (cli->json)
        call_print(cli, root);
    else
        farm_print(cli->out, &reply);
    json_decref(root);
    return CLI_DONE;
}

/* ---- begin, join ---- */

/* Of an order that leaves this host in a farm: print the answer, the farm between two texts. */
static enum cli_result
finish(const struct cli *cli, json_t *root, const char *before, const char *behind, struct err *err)
{
    struct reply_member reply;
    bool ok = root != NULL && reply_member_read(&reply, root, err);

    if (ok && cli->json)
        call_print(cli, root);
    else if (ok)
        (void)fprintf(cli->out, "keyset %s: %s %s%s; its secret is in %s\n", reply.keyset, before,
                      reply.id, behind, reply.file);
    json_decref(root);
    return ok ? CLI_DONE : CLI_FAILED;
}

static enum cli_result
begin(const struct cli *cli, struct err *err)
{
    json_t *root = order(cli, CONTROL_FARM_INIT, NULL, NULL, err);
    enum cli_result result = finish(cli, root, "farm", " is begun", err);

    if (result == CLI_DONE && !cli->json)
        note(cli, "next, on each other host: stekctl farm join\n");
    return result;
}

static enum cli_result
ask(const struct cli *cli, struct err *err)
{
    struct reply_asked reply;
    json_t *root = order(cli, CONTROL_FARM_JOIN, NULL, NULL, err);
    bool ok = root != NULL && reply_asked_read(&reply, root, err);

    if (ok && cli->json) {
        call_print(cli, root);
    } else if (ok) {
        (void)fprintf(cli->out, "%s\n", reply.line);
        note(cli,
             "this is the request of this host, fingerprint %s, good for an hour\n"
             "next, on a host of the farm: stekctl farm invite -k %s REQUEST\n"
             "it must show that fingerprint; then, here: stekctl farm join -k %s ANSWER\n",
             reply.fingerprint, reply.keyset, reply.keyset);
        if (reply.leaves[0] != '\0')
            note(cli, "this host is in farm %s, and leaves it when it takes the answer\n",
                 reply.leaves);
    }
    json_decref(root);
    return ok ? CLI_DONE : CLI_FAILED;
}

static enum cli_result
join(const struct cli *cli, struct err *err)
{
    char line[CONTROL_LINE_MAX + 1];
    enum cli_result result;

    if (cli->arg_count == 1)
        return ask(cli, err);
    if (!take_line(cli, line, "answer", err))
        return CLI_FAILED;
    result = finish(cli, order(cli, CONTROL_FARM_JOIN, "answer", line, err),
                    "this host is now in farm", "", err);
    if (result == CLI_DONE && !cli->json)
        note(cli, "stekctl fleet shows its hosts\n");
    return result;
}

static enum cli_result
invite(const struct cli *cli, struct err *err)
{
    char line[CONTROL_LINE_MAX + 1];
    struct reply_answered reply;
    json_t *root;
    bool ok;

    if (cli->arg_count == 1) {
        (void)err_set(err, "farm invite takes the request that stekctl farm join printed on the "
                           "other host, or - to read it"); /* always false */
        return CLI_USAGE;
    }
    if (!take_line(cli, line, "request", err))
        return CLI_FAILED;
    root = order(cli, CONTROL_FARM_INVITE, "request", line, err);
    ok = root != NULL && reply_answered_read(&reply, root, err);
    if (ok && cli->json) {
        call_print(cli, root);
    } else if (ok) {
        (void)fprintf(cli->out, "%s\n", reply.line);
        note(cli,
             "this answers the request of host %s (%s), fingerprint %s\n"
             "give it to that host only, and only if it showed that fingerprint; there: stekctl "
             "farm join -k %s ANSWER\n",
             reply.host_name, reply.host, reply.fingerprint, reply.keyset);
    }
    json_decref(root);
    return ok ? CLI_DONE : CLI_FAILED;
}

/* ---- rekey ---- */

static bool
is_sure(const struct cli *cli, const struct reply_farm *farm, struct err *err)
{
    char typed[8] = "";

    if (cli->yes)
        return true;
    if (!cli->is_asked)
        return err_set(err, "farm rekey puts all other hosts out of the farm until they join "
                            "anew: with --yes it does so without asking");
    note(cli,
         "keyset %s: farm %s gets a fresh id and secret. Its other hosts are out of it until they "
         "join anew.\nRekey? Type yes: ",
         farm->keyset, farm->id);
    return (fgets(typed, sizeof typed, cli->in) != NULL && strcmp(typed, "yes\n") == 0) ||
           err_set(err, "not done: all is as it was");
}

static enum cli_result
rekey(const struct cli *cli, struct err *err)
{
    struct reply_farm before;
    json_t *root = get(cli, &before, err);
    enum cli_result result;

    if (root == NULL)
        return CLI_FAILED;
    json_decref(root);
    if (before.id[0] != '\0' && !is_sure(cli, &before, err))
        return cli->is_asked ? CLI_FAILED : CLI_USAGE;
    result = finish(cli, order(cli, CONTROL_FARM_REKEY, NULL, NULL, err),
                    "the farm has a fresh secret, and is now farm", "", err);
    if (result == CLI_DONE && !cli->json)
        note(cli,
             "farm %s was before; its other hosts are out until they join anew. For each that "
             "stays:\n"
             "  there  stekctl farm join -k %s            prints a request\n"
             "  here   stekctl farm invite -k %s REQUEST  prints the answer\n"
             "  there  stekctl farm join -k %s ANSWER\n"
             "if a host was put out for good, withdraw the keys that it knew when all are in:\n"
             "  here   stekctl revoke -k %s --all\n",
             before.id, before.keyset, before.keyset, before.keyset, before.keyset);
    return result;
}

/* ---- the command ---- */

enum cli_result
farm_run(const struct cli *cli, struct err *err)
{
    static const struct {
        const char *name;
        size_t args_max; /* its own name included */
        cli_run_fn *run;
    } orders[] = {
        {"init", 1, begin}, {"join", 2, join}, {"invite", 2, invite}, {"rekey", 1, rekey}};

    if (cli->arg_count == 0)
        return show(cli, err);
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        if (strcmp(cli->args[0], orders[i].name) != 0)
            continue;
        if (cli->arg_count <= orders[i].args_max && (!cli->yes || orders[i].run == rekey))
            return orders[i].run(cli, err);
        (void)err_set(err, "farm %s takes %s", orders[i].name,
                      cli->arg_count <= orders[i].args_max ? "no --yes"
                      : orders[i].args_max == 1
                          ? "no argument"
                          : "one line: put it in quotes, or give - and then the line"); /* false */
        return CLI_USAGE;
    }
    (void)err_set(err, "farm takes init, join, invite, rekey or nothing, not \"%.40s\"",
                  cli->args[0]); /* always false */
    return CLI_USAGE;
}
