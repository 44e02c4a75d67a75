/* see happen.h: what operators order, and how hosts become members */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "happen_inner.h"
#include "keys_support.h"
#include "share/farm.h"

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
    return status == 200 || may_fail ||
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

/* ---- membership ---- */

static bool
write_secret(const char *path, const struct secret_buf *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, text->bytes, text->len) == (ssize_t)text->len;

    return fd >= 0 && close(fd) == 0 && ok;
}

/* The same secret for all, as configuration management deploys it, of the day the world began. */
bool
farm_deploy(struct host *host)
{
    struct world *world = host->world;
    uint64_t rng = world->began_ms;
    uint8_t id[FARM_ID_LEN];
    struct secret secret;
    char path[96];
    bool ok;
    FARM(farm);
    SECRET_BUF(text);

    (void)snprintf(path, sizeof path, "%s/state/www.farm", host->folder);
    rng_fill(&rng, id, sizeof id);
    rng_fill(&rng, secret.bytes, sizeof secret.bytes);
    ok = farm_create(&farm, id, &secret, world->began_ms, NULL) &&
         farm_encode(&text, &farm, NULL) && write_secret(path, &text);
    return ok || world_fail(world, "%s cannot be written", path);
}
