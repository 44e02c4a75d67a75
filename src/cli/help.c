/* stekctl help, stekctl version: what can be typed, from the tables of commands and of options. */
#include <stek/stek.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/suggest.h"

#define COMMANDS_MAX 32U
#define COLUMN 24 /* where the text of an option begins */

/* Output that fails is seen by main(). */
static void
print_option(FILE *out, const struct option_text *option)
{
    char letter[8] = "    ";
    int len;

    if (option->letter != 0)
        (void)snprintf(letter, sizeof letter, "-%c, ", option->letter); /* fits */
    len = fprintf(out, "  %s--%s%s%s", letter, option->word, option->arg != NULL ? " " : "",
                  option->arg != NULL ? option->arg : "");
    (void)fprintf(out, "%*s%s\n", len < COLUMN ? COLUMN - len : 1, "", option->help);
}

static bool
is_of(const struct option_text *option, unsigned takes)
{
    return option->bit == 0 || (option->bit & takes) != 0;
}

static void
print_options(FILE *out, unsigned takes)
{
    (void)fputs("\noptions:\n", out);
    for (const struct option_text *option = options_texts; option->word != NULL; option++) {
        if (is_of(option, takes))
            print_option(out, option);
    }
}

void
help_usage(FILE *out)
{
    (void)fputs("usage: stekctl [-r RUNDIR] [-k KEYSET] [--json] COMMAND [ARGUMENT...]\n\n"
                "commands:\n",
                out);
    for (const struct command *command = cli_commands; command->name != NULL; command++)
        (void)fprintf(out, "  %-8s %s\n", command->name, command->summary);
    print_options(out, CLI_KEYSET | CLI_JSON);
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
    print_options(out, command->takes);
    if (command->examples != NULL)
        (void)fprintf(out, "\nexamples:\n%s", command->examples);
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

bool
help_unknown(const char *name, struct err *err)
{
    const char *names[COMMANDS_MAX] = {NULL}, *meant;
    size_t count = 0;

    for (; count < COMMANDS_MAX && cli_commands[count].name != NULL; count++)
        names[count] = cli_commands[count].name;
    meant = suggest(name, names, count);
    if (meant != NULL)
        return err_set(err, "there is no command \"%.40s\". Did you mean \"%s\"?", name, meant);
    return err_set(err, "there is no command \"%.40s\"", name);
}

enum cli_result
help_run(const struct cli *cli, struct err *err)
{
    const struct command *command = cli->arg_count > 0 ? help_find(cli->args[0]) : NULL;

    if (cli->arg_count > 0 && command == NULL) {
        (void)help_unknown(cli->args[0], err); /* always false */
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
    if (cli->json)
        (void)fprintf(cli->out, "{\"version\": \"%s\"}\n", STEK_VERSION);
    else
        (void)fprintf(cli->out, "stekctl %s\n", STEK_VERSION);
    return CLI_DONE;
}
