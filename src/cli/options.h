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

/* Each option, as usage tells it. */
struct option_text {
    unsigned bit; /* of enum cli_option; 0: every command takes it */
    char letter;  /* 0: none */
    const char *word;
    const char *arg; /* NULL: takes none */
    const char *help;
};

/* Ends with a NULL word. */
extern const struct option_text options_texts[];

/* Options may stand before and behind the command. Fills in what was given and leaves the rest. */
bool options_parse(struct options *options, int argc, char **argv, struct err *err);

/* How the first of these options is typed: "--all". */
const char *options_name(unsigned option_bits);

#endif
