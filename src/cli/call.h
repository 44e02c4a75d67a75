/* call.h - ask stekd something, over the unix socket in its RUNDIR. */
#ifndef CLI_CALL_H
#define CLI_CALL_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "cli/cli.h"

/* GET. The JSON object of the answer, to be given back by json_decref(); NULL with the reason. */
json_t *call_get(const struct cli *cli, const char *path, struct err *err);

/* GET of what is no JSON; to be freed. NULL with the reason. */
char *call_text(const struct cli *cli, const char *path, struct err *err);

/* POST of `body`, which is given back in any case; NULL stands for "no memory to make it". */
json_t *call_post(const struct cli *cli, const char *path, json_t *body, struct err *err);

/* The status, without the keysets that -k leaves out. NULL too where -k names none of them. */
json_t *call_status(const struct cli *cli, struct err *err);

/* The keyset that -k names or, without it, the only one. False where there are several. */
bool call_keyset(const struct cli *cli, char out[CONTROL_KEYSET_MAX + 1], struct err *err);

/* The keys of a keyset, as JSON. */
json_t *call_keys(const struct cli *cli, const char *keyset, struct err *err);

/* Print an answer as it came, for programs. */
void call_print(const struct cli *cli, const json_t *root);

#endif
