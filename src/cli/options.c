/* see options.h */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli/suggest.h"
#include "config/config.h"

#define SECONDS_MAX 3600
#define LONG 256 /* what getopt_long() returns for the first line of the table */

const struct option_text options_texts[] = {
    {0, 'r', "rundir", "RUNDIR", "where stekd's control socket is; else " CONTROL_RUNDIR},
    {CLI_KEYSET, 'k', "keyset", "KEYSET", "which keyset; needed where stekd keeps several"},
    {CLI_JSON, 0, "json", NULL, "print JSON, for programs"},
    {CLI_ALL, 0, "all", NULL, "every key that there is"},
    {CLI_ONLY, 0, "only", NULL, "just these keys, not those that sealed since"},
    {CLI_NO_WAIT, 0, "no-wait", NULL, "do not wait until other hosts have confirmed"},
    {CLI_WAIT, 0, "wait", "SECONDS", "wait no longer than that for them: 1 to 3600; else 30"},
    {CLI_INTERVAL, 'i', "interval", "SECONDS", "ask so often: 1 to 3600; else 1"},
    {CLI_SVG, 0, "svg", NULL, "draw it as SVG, for a page"},
    {CLI_ASCII, 0, "ascii", NULL, "draw with plain characters, as without UTF-8"},
    {CLI_CONFIG, 'c', "config", "FILE", "the configuration; else " CONFIG_PATH},
    {CLI_RELOAD, 0, "reload", "SERVICE", "reload this server when published keys change"},
    {CLI_REMOVE, 0, "remove", NULL, "take that back; without a server: everything"},
    {CLI_DRY_RUN, 0, "dry-run", NULL, "show what would be written, and write nothing"},
    {CLI_ROOT, 0, "root", "DIR", "of a system that is not the running one"},
    {CLI_YES, 0, "yes", NULL, "do it without asking"},
    {0, 'h', "help", NULL, "say how to use stekctl, or the command"},
    {0, 'V', "version", NULL, "say which release this is"},
    {.word = NULL},
};

#define OPTIONS (sizeof options_texts / sizeof options_texts[0] - 1)

static bool
parse_seconds(unsigned *out, const char *option, const char *text, struct err *err)
{
    char *end;
    unsigned long value;

    errno = 0;
    value = strtoul(text, &end, 10);
    if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' || value < 1 ||
        value > SECONDS_MAX)
        return err_set(err, "%s takes 1 to %d seconds, not \"%.40s\"", option, SECONDS_MAX, text);
    *out = (unsigned)value;
    return true;
}

static bool
parse_keyset(struct options *options, const char *text, struct err *err)
{
    if (!control_keyset_ok(text))
        return err_set(err, "-k: \"%.70s\" cannot name a keyset: up to %u of a-z 0-9 _ . -", text,
                       CONTROL_KEYSET_MAX);
    options->cli.keyset = text;
    return true;
}

/* Those that belong to some commands. */
static bool
take_own(struct options *options, unsigned bit, struct err *err)
{
    options->given |= bit;
    switch (bit) {
    case CLI_KEYSET: return parse_keyset(options, optarg, err);
    case CLI_INTERVAL: return parse_seconds(&options->cli.interval_s, "-i", optarg, err);
    case CLI_WAIT: return parse_seconds(&options->cli.wait_s, "--wait", optarg, err);
    case CLI_JSON: options->cli.json = true; break;
    case CLI_ALL: options->cli.all = true; break;
    case CLI_ONLY: options->cli.only = true; break;
    case CLI_NO_WAIT: options->cli.no_wait = true; break;
    case CLI_SVG: options->cli.svg = true; break;
    case CLI_ASCII: options->cli.ascii = true; break;
    case CLI_CONFIG: options->cli.config_path = optarg; break;
    case CLI_ROOT: options->cli.root = optarg; break;
    case CLI_RELOAD: options->cli.reload = optarg; break;
    case CLI_REMOVE: options->cli.remove = true; break;
    case CLI_DRY_RUN: options->cli.dry_run = true; break;
    case CLI_YES: options->cli.yes = true; break;
    default: break;
    }
    return true;
}

static bool
take(struct options *options, const struct option_text *option, struct err *err)
{
    switch (option->letter) {
    case 'r': options->cli.rundir = optarg; return true;
    case 'h': options->wants_help = true; return true;
    case 'V': options->wants_version = true; return true;
    default: return take_own(options, option->bit, err);
    }
}

/* The table, as getopt_long() wants it. */
static void
fill_getopt(struct option longs[OPTIONS + 1], char shorts[2 * OPTIONS + 2])
{
    size_t len = 0;

    shorts[len++] = ':';
    for (int i = 0; i < (int)OPTIONS; i++) {
        const struct option_text *option = &options_texts[i];

        longs[i] = (struct option){.name = option->word,
                                   .has_arg = option->arg != NULL ? required_argument : no_argument,
                                   .val = LONG + i};
        if (option->letter == 0)
            continue;
        shorts[len++] = option->letter;
        if (option->arg != NULL)
            shorts[len++] = ':';
    }
    shorts[len] = '\0';
}

static const struct option_text *
find(int option)
{
    if (option >= LONG)
        return &options_texts[option - LONG];
    for (const struct option_text *at = options_texts; at->word != NULL; at++) {
        if (at->letter == option)
            return at;
    }
    return NULL;
}

/* What was typed is none of ours; perhaps it was meant to be. */
static bool
refuse(const char *typed, struct err *err)
{
    const char *words[OPTIONS], *meant = NULL;

    for (size_t i = 0; i < OPTIONS; i++)
        words[i] = options_texts[i].word;
    if (strncmp(typed, "--", 2) == 0)
        meant = suggest(typed + 2, words, OPTIONS);
    if (meant != NULL)
        return err_set(err, "%.40s: there is no such option. Did you mean --%s?", typed, meant);
    return err_set(err, "%.40s: there is no such option", typed);
}

bool
options_parse(struct options *options, int argc, char **argv, struct err *err)
{
    struct option longs[OPTIONS + 1] = {{.name = NULL}};
    char shorts[2 * OPTIONS + 2];
    int option;

    fill_getopt(longs, shorts);
    opterr = 0;
    while ((option = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        const char *typed = argv[optind - 1];
        const struct option_text *known = find(option);

        if (option == ':')
            return err_set(err, "%.40s: an argument is missing behind it", typed);
        if (known == NULL)
            return refuse(typed, err);
        if (!take(options, known, err))
            return false;
    }
    if (optind < argc) {
        options->command = argv[optind];
        options->cli.args = argv + optind + 1;
        options->cli.arg_count = (size_t)(argc - optind - 1);
    }
    return true;
}

const char *
options_name(unsigned option_bits)
{
    static const struct {
        enum cli_option bit;
        const char *name;
    } names[] = {{CLI_KEYSET, "-k"},         {CLI_JSON, "--json"},     {CLI_ALL, "--all"},
                 {CLI_ONLY, "--only"},       {CLI_INTERVAL, "-i"},     {CLI_SVG, "--svg"},
                 {CLI_ASCII, "--ascii"},     {CLI_CONFIG, "-c"},       {CLI_ROOT, "--root"},
                 {CLI_RELOAD, "--reload"},   {CLI_REMOVE, "--remove"}, {CLI_DRY_RUN, "--dry-run"},
                 {CLI_NO_WAIT, "--no-wait"}, {CLI_WAIT, "--wait"},     {CLI_YES, "--yes"}};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((option_bits & (unsigned)names[i].bit) != 0)
            return names[i].name;
    }
    return "such option";
}
