/* stekctl metrics: what stekd counts, as it tells monitoring. */
#include <stdlib.h>

#include "cli/call.h"
#include "cli/cli.h"

enum cli_result
metrics_run(const struct cli *cli, struct err *err)
{
    char *text = call_text(cli, CONTROL_METRICS, err);

    if (text == NULL)
        return CLI_FAILED;
    for (char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' && *at != '\n') /* nothing that moves a terminal's cursor */
            *at = '?';
    }
    (void)fputs(text, cli->out); /* see cli_run_fn */
    free(text);
    return CLI_DONE;
}
