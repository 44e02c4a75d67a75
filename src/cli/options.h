/* options.h - the command line, taken apart. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>

#include "base/err.h"
#include "cli/cli.h"

struct options {
    struct cli cli;
    unsigned given;      /* of enum cli_option */
    const char *command; /* NULL: none */
    bool wants_help;
    bool wants_version;
};

/* Options may stand before and behind the command. Fills in what was given and leaves the rest. */
bool options_parse(struct options *options, int argc, char **argv, struct err *err);

/* How the first of these options is typed: "--all". */
const char *options_name(unsigned option_bits);

#endif
