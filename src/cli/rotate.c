/* stekctl rotate: make a key that takes over at once. */
#include "cli/call.h"
#include "cli/cli.h"
#include "cli/fleet.h"
#include "cli/text.h"

enum cli_result
rotate_run(const struct cli *cli, struct err *err)
{
    struct reply_rotate reply;
    const struct fleet_wait wait = {.keyset = reply.keyset, .key = reply.name};
    char keyset[CONTROL_KEYSET_MAX + 1], from[TEXT_MAX];
    json_t *root = NULL;
    bool ok;

    if (call_keyset(cli, keyset, err))
        root = call_post(cli, CONTROL_ROTATE, json_pack("{s:s}", "keyset", keyset), err);
    ok = root != NULL && reply_rotate_read(&reply, root, err);
    if (ok && !cli->json)
        (void)fprintf(cli->out,
                      "keyset %s: key %s seals new tickets from %s on; tickets of older keys still "
                      "open\n",
                      reply.keyset, reply.name,
                      text_clock(from, reply.seals_from, reply.seals_from)); /* see cli_run_fn */
    ok = ok && fleet_confirm(cli, root, &wait, err);
    json_decref(root);
    return ok ? CLI_DONE : CLI_FAILED;
}
