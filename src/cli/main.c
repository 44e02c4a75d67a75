/* stekctl - ask stekd what its keys are doing, and tell it to rotate or revoke them. */
#include <stdint.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "io/http_client.h"
#include "io/terminal.h"

const struct command cli_commands[] = {
    {"status", "", "Show keysets, the key that seals, and what servers do", NULL,
     CLI_KEYSET | CLI_JSON, 0, status_run},
    {"keys", "", "List every key with its times and its use",
     "A key is coming (opens, does not seal yet), sealing, opening (sealed before) or revoked.",
     CLI_KEYSET | CLI_JSON, 0, keys_run},
    {"timeline", "[--svg | --ascii]", "Draw the keys over time",
     "A bar for each key: when it comes, seals, opens, or that it is revoked. The newest keys are\n"
     "drawn; --all draws every one. Times are UTC.",
     CLI_KEYSET | CLI_JSON | CLI_ALL | CLI_SVG | CLI_ASCII, 0, timeline_run},
    {"rotate", "", "Make a key that takes over sealing at once",
     "Tickets sealed before still open until their key's time is over.", CLI_KEYSET | CLI_JSON, 0,
     rotate_run},
    {"revoke", "--all | [--only] NAME...", "Withdraw keys: their tickets open no more",
     "NAME is a key's name or its beginning, of four hex digits or more. It withdraws that key "
     "and\n"
     "every key that sealed since it could open, for tickets may have been renewed into them;\n"
     "--only withdraws just the keys named. A fresh key seals at once where none is left.",
     CLI_KEYSET | CLI_JSON | CLI_ALL | CLI_ONLY, SIZE_MAX, revoke_run},
    {"watch", "[-n SECONDS]", "Show the status live, until interrupted",
     "Where the output is no terminal, or with --json, every change is a line of JSON.",
     CLI_KEYSET | CLI_JSON | CLI_INTERVAL, 0, watch_run},
    {"help", "[COMMAND]", "Say how to use stekctl, or one command", NULL, 0, 1, help_run},
    {"version", "", "Say which release this is", NULL, 0, 0, version_run},
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

static enum cli_result
run(int argc, char **argv, struct err *err)
{
    struct options options = {.cli = {.rundir = CONTROL_RUNDIR,
                                      .interval_s = 1,
                                      .timeout_ms = HTTP_TIMEOUT_MS,
                                      .out = stdout}};
    const char *no_color = getenv("NO_COLOR");
    const struct command *command;

    if (!options_parse(&options, argc, argv, err))
        return CLI_USAGE;
    options.cli.is_terminal = terminal_is(stdout);
    options.cli.columns = terminal_columns(stdout);
    options.cli.ascii = options.cli.ascii || !terminal_is_utf8();
    options.cli.color = options.cli.is_terminal && (no_color == NULL || no_color[0] == '\0');
    if (options.wants_version)
        return version_run(&options.cli, err);
    if (options.command == NULL && options.wants_help)
        return help_run(&options.cli, err);
    if (options.command == NULL) {
        help_usage(stderr);
        (void)err_set(err, "a command is missing");
        return CLI_USAGE;
    }
    command = help_find(options.command);
    if (command == NULL) {
        (void)err_set(err, "there is no command \"%.40s\"", options.command);
        return CLI_USAGE;
    }
    if (options.wants_help) {
        help_command(stdout, command);
        return CLI_DONE;
    }
    return check(command, &options, err) ? command->run(&options.cli, err) : CLI_USAGE;
}

int
main(int argc, char **argv)
{
    struct err err = {""};
    enum cli_result result = run(argc, argv, &err);

    if (result != CLI_DONE)
        (void)fprintf(stderr, "stekctl: %s\n", err.text); /* stderr is all there is */
    if (result == CLI_USAGE)
        (void)fputs("stekctl: \"stekctl help\" says what can be typed\n", stderr);
    if (result == CLI_DONE && (fflush(stdout) != 0 || ferror(stdout) != 0)) {
        (void)err_errno(&err, "cannot write the output");
        (void)fprintf(stderr, "stekctl: %s\n", err.text);
        result = CLI_FAILED;
    }
    return (int)result;
}
