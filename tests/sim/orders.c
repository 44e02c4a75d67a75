/* see happen.h: what operators order */
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "happen_inner.h"
#include "keys_support.h"

static bool
order(struct world *world, const char *path, const char *body, bool may_fail)
{
    struct host *host = happen_any(world, true);
    json_t *root;
    int status;

    if (host == NULL)
        return true;
    world->counts.orders++;
    status = host_ask(host, &root, "POST", path, "", body);
    json_decref(root);
    return status == 200 || may_fail || host->source != SOURCE_GOOD ||
           host->system.is_source_broken || /* it cannot make a fresh key */
           world_fail(world, "host %u: %s: %d", host->index, path, status);
}

bool
order_rotate(struct world *world)
{
    return order(world, "/v1/rotate", "{\"keyset\": \"" WORLD_KEYSET "\"}",
                 true); /* the next seconds may be taken */
}

bool
order_revoke_all(struct world *world)
{
    return order(world, "/v1/revoke", "{\"keyset\": \"" WORLD_KEYSET "\", \"all\": true}", false);
}

/* Of a key that some host knows: where it is ordered it may be unknown. */
bool
order_revoke_names(struct world *world)
{
    const struct host *host = happen_any(world, true);
    const struct service *service = host == NULL ? NULL : host_service(host);
    char hex[HEX_LEN(KEY_NAME_LEN)], body[160];

    if (service == NULL || service->set.key_count == 0)
        return true;
    (void)hex_encode(hex, service->set.keys[rng_below(&world->rng, service->set.key_count)].name,
                     KEY_NAME_LEN);
    (void)snprintf(body, sizeof body,
                   "{\"keyset\": \"" WORLD_KEYSET "\", \"only\": %s, \"names\": [\"%s\"]}",
                   rng_below(&world->rng, 2) == 0 ? "true" : "false", hex);
    return order(world, "/v1/revoke", body, true);
}
