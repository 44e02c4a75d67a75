/* stekctl - ask stekd what its keys are doing, and tell it to rotate or revoke them. */
#include <stdint.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "io/http_client.h"
#include "io/terminal.h"

const struct command cli_commands[] = {
    {.name = "status",
     .args = "",
     .summary = "Show keysets, the key that seals, and what servers do",
     .examples = "  stekctl status                  all keysets\n"
                 "  stekctl status -k www           one of them\n"
                 "  stekctl status --json           the same for programs\n",
     .takes = CLI_KEYSET | CLI_JSON,
     .run = status_run},
    {.name = "keys",
     .args = "",
     .summary = "List every key with its times and its use",
     .detail = "A key is coming (opens, does not seal yet), sealing, opening (sealed before) or "
               "revoked.",
     .examples = "  stekctl keys                    the newest first\n"
                 "  stekctl keys -k www --json      the same for programs\n",
     .takes = CLI_KEYSET | CLI_JSON,
     .run = keys_run},
    {.name = "timeline",
     .args = "[--svg | --ascii] [--all]",
     .summary = "Draw the keys over time",
     .detail = "A bar for each key: when it comes, seals, opens, or that it is revoked. The newest "
               "keys are\ndrawn; --all draws every one. Times are UTC.",
     .examples = "  stekctl timeline                in the terminal\n"
                 "  stekctl timeline --svg >k.svg   for a page\n",
     .takes = CLI_KEYSET | CLI_JSON | CLI_ALL | CLI_SVG | CLI_ASCII,
     .run = timeline_run},
    {.name = "fleet",
     .args = "",
     .summary = "Show the hosts that share a keyset, and what they hold",
     .detail = "What needs somebody comes first. It fails where a host is silent, or holds other "
               "keys, also\nafter 5 s.",
     .examples = "  stekctl fleet -k www            hosts, keys, clocks, engines\n"
                 "  stekctl fleet --json            the same for programs\n",
     .takes = CLI_KEYSET | CLI_JSON,
     .run = fleet_run},
    {.name = "rotate",
     .args = "[--wait SECONDS | --no-wait]",
     .summary = "Make a key that takes over sealing at once",
     .detail = "Tickets sealed before still open until their key's time is over. In a farm it then "
               "waits, 30 s\nat most, until every live host holds the key, says which do, and "
               "fails if some do not.",
     .examples = "  stekctl rotate -k www\n",
     .takes = CLI_KEYSET | CLI_JSON | CLI_WAIT | CLI_NO_WAIT,
     .run = rotate_run},
    {.name = "revoke",
     .args = "[--wait SECONDS | --no-wait] --all | [--only] NAME...",
     .summary = "Withdraw keys: their tickets open no more",
     .detail = "NAME is a key's name or its beginning, of four hex digits or more. It withdraws "
               "that key and\nevery key that sealed since it could open, for tickets may have been "
               "renewed into them;\n--only withdraws just the keys named. A fresh key seals at "
               "once where none is left.\nIn a farm it then waits, 30 s at most, until every live "
               "host has followed, says which\nhave, and fails if some have not.",
     .examples = "  stekctl revoke 3f2a91           that key, and those that sealed since\n"
                 "  stekctl revoke --only 3f2a91    that key alone\n"
                 "  stekctl revoke --all            every key: no session resumes\n",
     .takes = CLI_KEYSET | CLI_JSON | CLI_ALL | CLI_ONLY | CLI_WAIT | CLI_NO_WAIT,
     .args_max = SIZE_MAX,
     .run = revoke_run},
    {.name = "watch",
     .args = "[-i SECONDS] [--ascii]",
     .summary = "Show live what keys and servers do, until q or an interrupt",
     .detail = "Rates are those of the last intervals. Where the output is no terminal, each "
               "interval is a\nline for each keyset; with --json each change is a line of JSON.",
     .examples = "  stekctl watch                   in the terminal\n"
                 "  stekctl watch -i 60 >>stek.log  a line a minute\n",
     .takes = CLI_KEYSET | CLI_JSON | CLI_INTERVAL | CLI_ASCII,
     .run = watch_run},
    {.name = "metrics",
     .args = "",
     .summary = "Print what is counted, as Prometheus reads it",
     .detail = "For what gathers files. Prometheus can also ask stekd itself: see metrics in "
               "stekd.conf(5).",
     .examples = "  stekctl metrics                 of all keysets\n",
     .run = metrics_run},
    {.name = "setup",
     .args = "[--reload SERVICE] [--remove] [--dry-run] [-c FILE] [--root DIR]",
     .summary = "Write what systemd needs for this configuration",
     .detail =
         "A drop-in for stekd.service with what the configuration needs beyond it; for a "
         "server that\ntakes its keys from files, units that reload it when they change. Files "
         "of others are left\nalone; what is no longer needed is removed. It says what to do "
         "next.",
     .examples = "  stekctl setup --dry-run                  show what it would do\n"
                 "  stekctl setup                            after each change of stekd.conf\n"
                 "  stekctl setup --reload haproxy -k www    and reload that server by its files\n",
     .takes = CLI_KEYSET | CLI_JSON | CLI_CONFIG | CLI_ROOT | CLI_RELOAD | CLI_REMOVE | CLI_DRY_RUN,
     .run = setup_run},
    {.name = "farm",
     .args = "[init | join [ANSWER] | invite REQUEST | rekey [--yes]]",
     .summary = "Share a keyset with other hosts: begin a farm, join it, let in",
     .detail = "A host that is to join prints a request; a host of the farm answers it; both are a "
               "line, to be\ncarried by people, and - reads it from the standard input. The answer "
               "is for that request alone,\nonce, within an hour. rekey gives the farm a fresh "
               "secret: its other hosts must join anew.",
     .examples = "  stekctl farm                    which farm this host is in\n"
                 "  stekctl farm init               on the first host\n"
                 "  stekctl farm join               on the others: prints a request\n"
                 "  stekctl farm invite REQUEST     on the first: prints the answer\n"
                 "  stekctl farm join ANSWER        on the other\n",
     .takes = CLI_KEYSET | CLI_JSON | CLI_YES,
     .args_max = SIZE_MAX,
     .run = farm_run},
    {.name = "help",
     .args = "[COMMAND]",
     .summary = "Say how to use stekctl, or one command",
     .examples = "  stekctl help revoke\n",
     .args_max = 1,
     .run = help_run},
    {.name = "version",
     .args = "",
     .summary = "Say which release this is",
     .takes = CLI_JSON,
     .run = version_run},
    {.name = NULL},
};

/* Options and arguments that the command takes, and no more. */
static bool
check(const struct command *command, const struct options *options, struct err *err)
{
    unsigned wrong = options->given & ~command->takes;

    if (wrong != 0)
        return err_set(err, "%s takes no %s", command->name, options_name(wrong));
    if (options->cli.arg_count > command->args_max)
        return err_set(err, "%s takes %s", command->name,
                       command->args_max == 0 ? "no argument" : "one argument");
    return true;
}

/* What the output is, and how much it can show. */
static void
look_at_output(struct cli *cli)
{
    const char *no_color = getenv("NO_COLOR");

    cli->is_terminal = terminal_is(stdout);
    cli->is_asked = terminal_is(stdin) && terminal_is(stderr);
    cli->columns = terminal_columns(stdout);
    cli->ascii = cli->ascii || !terminal_is_utf8();
    cli->color = cli->is_terminal && (no_color == NULL || no_color[0] == '\0');
}

/* *command becomes the one that was meant, if that is known. */
static enum cli_result
run(const struct command **command, int argc, char **argv, struct err *err)
{
    struct options options = {.cli = {.rundir = CONTROL_RUNDIR,
                                      .interval_s = 1,
                                      .timeout_ms = HTTP_TIMEOUT_MS,
                                      .out = stdout,
                                      .in = stdin,
                                      .notes = stderr}};

    if (!options_parse(&options, argc, argv, err))
        return CLI_USAGE;
    look_at_output(&options.cli);
    if (options.wants_version)
        return version_run(&options.cli, err);
    if (options.command == NULL && options.wants_help)
        return help_run(&options.cli, err);
    if (options.command == NULL) {
        help_usage(stderr);
        (void)err_set(err, "a command is missing");
        return CLI_USAGE;
    }
    *command = help_find(options.command);
    if (*command == NULL) {
        (void)help_unknown(options.command, err); /* always false */
        return CLI_USAGE;
    }
    if (options.wants_help) {
        help_command(stdout, *command);
        return CLI_DONE;
    }
    return check(*command, &options, err) ? (*command)->run(&options.cli, err) : CLI_USAGE;
}

int
main(int argc, char **argv)
{
    struct err err = {""};
    const struct command *command = NULL;
    enum cli_result result = run(&command, argc, argv, &err);

    if (result != CLI_DONE)
        (void)fprintf(stderr, "stekctl: %s\n", err.text); /* stderr is all there is */
    if (result == CLI_USAGE)
        (void)fprintf(stderr, "stekctl: \"stekctl help%s%s\" says what can be typed\n",
                      command != NULL ? " " : "", command != NULL ? command->name : "");
    if (result == CLI_DONE && (fflush(stdout) != 0 || ferror(stdout) != 0)) {
        (void)err_errno(&err, "cannot write the output");
        (void)fprintf(stderr, "stekctl: %s\n", err.text);
        result = CLI_FAILED;
    }
    return (int)result;
}
