/* stekctl revoke: withdraw keys; tickets sealed with them get a full handshake from then on. */
#include <string.h>

#include "cli/call.h"
#include "cli/cli.h"
#include "cli/fleet.h"
#include "cli/prefix.h"

/* Two prefixes may mean the same key. */
static bool
append_once(json_t *names, const char *name)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        if (strcmp(json_string_value(json_array_get(names, i)), name) == 0)
            return true;
    }
    return json_array_append_new(names, json_string(name)) == 0;
}

static bool
resolve(json_t *names, const struct cli *cli, const struct reply_keys *keys, struct err *err)
{
    for (size_t i = 0; i < cli->arg_count; i++) {
        const struct reply_key *key = prefix_find(keys, cli->args[i], err);

        if (key == NULL)
            return false;
        if (!append_once(names, key->name))
            return err_set(err, "no memory for the names");
    }
    return true;
}

/* The names in full; NULL with the reason. */
static json_t *
names_in_full(const struct cli *cli, const char *keyset, struct err *err)
{
    REPLY_KEYS(keys);
    json_t *root = call_keys(cli, keyset, err);
    json_t *names = json_array();
    bool ok = root != NULL && reply_keys_read(&keys, root, err) && resolve(names, cli, &keys, err);

    json_decref(root);
    if (ok)
        return names;
    json_decref(names);
    return NULL;
}

static json_t *
send_order(const struct cli *cli, struct err *err)
{
    char keyset[CONTROL_KEYSET_MAX + 1];
    json_t *names;

    if (!call_keyset(cli, keyset, err))
        return NULL;
    if (cli->all)
        return call_post(cli, CONTROL_REVOKE, json_pack("{s:s, s:b}", "keyset", keyset, "all", 1),
                         err);
    names = names_in_full(cli, keyset, err);
    if (names == NULL)
        return NULL;
    return call_post(
        cli, CONTROL_REVOKE,
        json_pack("{s:s, s:o, s:b}", "keyset", keyset, "names", names, "only", cli->only ? 1 : 0),
        err);
}

/* Which key seals now: the one that did before, one made instead, an older one again, or none. */
static void
print_sealing(FILE *out, const struct reply_revoke *reply)
{
    if (reply->sealing[0] == '\0')
        (void)fprintf(out, "no key seals now: servers give no tickets until one does; stekctl "
                           "status says more\n"); /* see cli_run_fn */
    else
        (void)fprintf(out, "%skey %s seals new tickets\n",
                      strcmp(reply->sealing, reply->fresh) == 0 ? "fresh " : "", reply->sealing);
}

/* What fails to be written is seen by main(). */
void
revoke_print(FILE *out, const struct reply_revoke *reply)
{
    (void)fprintf(out, "keyset %s: %zu %s revoked\n", reply->keyset, reply->count,
                  reply->count == 1 ? "key" : "keys");
    for (size_t i = 0; i < reply->count; i++)
        (void)fprintf(out, "  %s\n", reply->revoked[i]);
    print_sealing(out, reply);
    (void)fprintf(out,
                  "in force on this host from now on: tickets of revoked keys get a full handshake "
                  "(generation %llu)\n",
                  (unsigned long long)reply->generation);
}

enum cli_result
revoke_run(const struct cli *cli, struct err *err)
{
    REPLY_REVOKE(reply);
    const struct fleet_wait wait = {.keyset = reply.keyset};
    json_t *root;
    bool ok;

    if (cli->all == (cli->arg_count > 0) || (cli->all && cli->only)) {
        (void)err_set(err, "revoke takes either --all, or names of keys with or without --only");
        return CLI_USAGE;
    }
    if (cli->arg_count > CONTROL_NAMES_MAX) {
        (void)err_set(err, "revoke takes up to %u names at a time", CONTROL_NAMES_MAX);
        return CLI_USAGE;
    }
    root = send_order(cli, err);
    ok = root != NULL && reply_revoke_read(&reply, root, err);
    if (ok && !cli->json)
        revoke_print(cli->out, &reply);
    ok = ok && fleet_confirm(cli, root, &wait, err);
    json_decref(root);
    return ok ? CLI_DONE : CLI_FAILED;
}
