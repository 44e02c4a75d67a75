/* cli.h - stekctl: what a command is, and what it is given. One file per command; the table of them
 * in main.c is where usage and help come from. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "cli/reply.h"

/* The exit status. */
enum cli_result { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

/* What the user typed. */
struct cli {
    const char *rundir;
    const char *keyset; /* NULL: not given */
    bool json;
    bool all;
    bool only;
    bool svg;
    unsigned interval_s;
    long timeout_ms;   /* of a call */
    char *const *args; /* behind the command's name */
    size_t arg_count;
    FILE *out;
    bool is_terminal; /* `out` is one */
    bool color;
    bool ascii;              /* draw with that alone */
    unsigned columns;        /* how wide to draw */
    const char *config_path; /* NULL: not given, as the next two */
    const char *root;
    const char *reload; /* a server's unit */
    bool dry_run;
    bool remove;
    bool no_wait;
    unsigned wait_s; /* for other hosts; 0: not given */
    bool yes;
    FILE *in;
    FILE *notes;   /* for people, beside the output */
    bool is_asked; /* somebody reads the notes and can answer */
};

/* Options that a command takes beside -r. */
enum cli_option {
    CLI_KEYSET = 1U << 0,
    CLI_JSON = 1U << 1,
    CLI_ALL = 1U << 2,
    CLI_ONLY = 1U << 3,
    CLI_INTERVAL = 1U << 4,
    CLI_SVG = 1U << 5,
    CLI_ASCII = 1U << 6,
    CLI_CONFIG = 1U << 7,
    CLI_ROOT = 1U << 8,
    CLI_RELOAD = 1U << 9,
    CLI_REMOVE = 1U << 10,
    CLI_DRY_RUN = 1U << 11,
    CLI_NO_WAIT = 1U << 12,
    CLI_YES = 1U << 13,
    CLI_WAIT = 1U << 14
};

/* All but CLI_DONE leaves the reason in `err`. Output that fails need not be looked for: main()
 * asks ferror(). */
typedef enum cli_result cli_run_fn(const struct cli *cli, struct err *err);

struct command {
    const char *name;
    const char *args;
    const char *summary;  /* one line */
    const char *detail;   /* a few more, for help COMMAND; may be NULL */
    const char *examples; /* whole lines; may be NULL */
    unsigned takes;       /* of enum cli_option */
    size_t args_max;
    cli_run_fn *run;
};

/* Ends with a NULL name. */
extern const struct command cli_commands[];

cli_run_fn status_run, keys_run, timeline_run, rotate_run, revoke_run, fleet_run, farm_run,
    watch_run, metrics_run, setup_run, help_run, version_run;

/* Usage of stekctl, or of one command. */
void help_usage(FILE *out);
void help_command(FILE *out, const struct command *command);

/* NULL if there is none of that name. */
const struct command *help_find(const char *name);

/* Say that there is no such command, and which one may have been meant; returns false. */
bool help_unknown(const char *name, struct err *err);

/* Print what a revocation did. */
void revoke_print(FILE *out, const struct reply_revoke *reply);

/* The newest keys of an answer laid out over time, up to `rows_max`. False for lack of memory. */
struct timeline;
bool timeline_of(struct timeline *timeline, const struct cli *cli, const struct reply_keys *keys,
                 size_t rows_max);

/* Print what setup does, and what is left to do. False for lack of memory. */
struct setup_plan;
bool setup_print(const struct cli *cli, const struct setup_plan *plan);

/* Print which farm a keyset is shared in. */
struct reply_farm;
void farm_print(FILE *out, const struct reply_farm *reply);

/* Print keys as a table that fits the columns of a terminal. False for lack of memory. */
bool keys_print(FILE *out, const struct reply_keys *keys, unsigned columns, bool color);

/* Print a status. False for lack of memory. */
bool status_print(FILE *out, const struct reply_status *status, bool color);

#endif
