/* stekctl help, stekctl version: what can be typed, from the table of commands. */
#include <stek/stek.h>
#include <string.h>

#include "cli/cli.h"

static const struct {
    enum cli_option option;
    const char *text;
} options[] = {
    {CLI_KEYSET, "  -k, --keyset KEYSET   which keyset; needed where stekd keeps several\n"},
    {CLI_JSON, "      --json            print stekd's answer, for programs\n"},
    {CLI_ALL, "      --all             every key that there is\n"},
    {CLI_ONLY, "      --only            just these keys, not those that sealed since\n"},
    {CLI_SVG, "      --svg             draw it as SVG, for a page\n"},
    {CLI_ASCII,
     "      --ascii           draw with plain characters; so it is anyway without UTF-8\n"},
    {CLI_INTERVAL, "  -n SECONDS            ask so often: 1 to 3600; else 1\n"},
};

/* Output that fails is seen by main(). */
void
help_usage(FILE *out)
{
    (void)fputs("usage: stekctl [-r RUNDIR] [-k KEYSET] [--json] COMMAND [ARGUMENT...]\n\n"
                "commands:\n",
                out);
    for (const struct command *command = cli_commands; command->name != NULL; command++)
        (void)fprintf(out, "  %-8s %s\n", command->name, command->summary);
    (void)fputs("\noptions:\n"
                "  -r, --rundir RUNDIR   where stekd's control socket is; else " CONTROL_RUNDIR
                "\n",
                out);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (options[i].option == CLI_KEYSET || options[i].option == CLI_JSON)
            (void)fputs(options[i].text, out);
    }
    (void)fputs("\nstekctl help COMMAND says more. Exit status: 0 done, 1 failed, 2 wrong usage.\n",
                out);
}

void
help_command(FILE *out, const struct command *command)
{
    (void)fprintf(out, "usage: stekctl [-r RUNDIR] %s%s%s%s%s\n\n%s.\n", command->name,
                  (command->takes & CLI_KEYSET) != 0 ? " [-k KEYSET]" : "",
                  (command->takes & CLI_JSON) != 0 ? " [--json]" : "",
                  command->args[0] != '\0' ? " " : "", command->args, command->summary);
    if (command->detail != NULL)
        (void)fprintf(out, "%s\n", command->detail);
    if (command->takes != 0)
        (void)fputs("\n", out);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if ((command->takes & (unsigned)options[i].option) != 0)
            (void)fputs(options[i].text, out);
    }
}

const struct command *
help_find(const char *name)
{
    for (const struct command *command = cli_commands; command->name != NULL; command++) {
        if (strcmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}

enum cli_result
help_run(const struct cli *cli, struct err *err)
{
    const struct command *command = cli->arg_count > 0 ? help_find(cli->args[0]) : NULL;

    if (cli->arg_count > 0 && command == NULL) {
        (void)err_set(err, "there is no command \"%.40s\"", cli->args[0]);
        return CLI_USAGE;
    }
    if (command != NULL)
        help_command(cli->out, command);
    else
        help_usage(cli->out);
    return CLI_DONE;
}

enum cli_result
version_run(const struct cli *cli, struct err *err)
{
    (void)err; /* nothing can fail but the output */
    (void)fprintf(cli->out, "stekctl %s\n", STEK_VERSION);
    return CLI_DONE;
}
