/* see options.h */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

#define INTERVAL_MAX_S 3600

enum { LONG_JSON = 256, LONG_ALL, LONG_ONLY, LONG_SVG, LONG_ASCII, LONG_VERSION };

static const struct option long_options[] = {
    {"rundir", required_argument, NULL, 'r'},     {"keyset", required_argument, NULL, 'k'},
    {"json", no_argument, NULL, LONG_JSON},       {"all", no_argument, NULL, LONG_ALL},
    {"only", no_argument, NULL, LONG_ONLY},       {"help", no_argument, NULL, 'h'},
    {"svg", no_argument, NULL, LONG_SVG},         {"ascii", no_argument, NULL, LONG_ASCII},
    {"version", no_argument, NULL, LONG_VERSION}, {NULL, 0, NULL, 0},
};

static bool
parse_interval(struct options *options, const char *text, struct err *err)
{
    char *end;
    unsigned long value;

    errno = 0;
    value = strtoul(text, &end, 10);
    if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' || value < 1 ||
        value > INTERVAL_MAX_S)
        return err_set(err, "-n takes 1 to %d seconds, not \"%.40s\"", INTERVAL_MAX_S, text);
    options->cli.interval_s = (unsigned)value;
    options->given |= CLI_INTERVAL;
    return true;
}

static bool
parse_keyset(struct options *options, const char *text, struct err *err)
{
    if (!control_keyset_ok(text))
        return err_set(err, "-k: \"%.70s\" cannot name a keyset: up to %u of a-z 0-9 _ . -", text,
                       CONTROL_KEYSET_MAX);
    options->cli.keyset = text;
    options->given |= CLI_KEYSET;
    return true;
}

static bool
take(struct options *options, int option, struct err *err)
{
    switch (option) {
    case 'r': options->cli.rundir = optarg; break;
    case 'k': return parse_keyset(options, optarg, err);
    case 'n': return parse_interval(options, optarg, err);
    case 'h': options->wants_help = true; break;
    case LONG_JSON:
        options->cli.json = true;
        options->given |= CLI_JSON;
        break;
    case LONG_ALL:
        options->cli.all = true;
        options->given |= CLI_ALL;
        break;
    case LONG_ONLY:
        options->cli.only = true;
        options->given |= CLI_ONLY;
        break;
    case LONG_SVG:
        options->cli.svg = true;
        options->given |= CLI_SVG;
        break;
    case LONG_ASCII:
        options->cli.ascii = true;
        options->given |= CLI_ASCII;
        break;
    case LONG_VERSION: options->wants_version = true; break;
    default: return false;
    }
    return true;
}

bool
options_parse(struct options *options, int argc, char **argv, struct err *err)
{
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":r:k:n:h", long_options, NULL)) != -1) {
        const char *typed = argv[optind - 1];

        if (option == ':')
            return err_set(err, "%.40s: an argument is missing behind it", typed);
        if (option == '?')
            return err_set(err, "%.40s: there is no such option", typed);
        if (!take(options, option, err))
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
    } names[] = {{CLI_KEYSET, "-k"},    {CLI_JSON, "--json"}, {CLI_ALL, "--all"},
                 {CLI_ONLY, "--only"},  {CLI_INTERVAL, "-n"}, {CLI_SVG, "--svg"},
                 {CLI_ASCII, "--ascii"}};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((option_bits & (unsigned)names[i].bit) != 0)
            return names[i].name;
    }
    return "such option";
}
