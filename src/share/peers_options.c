/* The options of the peers engine; see peers_inner.h */
#include <stdlib.h>
#include <string.h>

#include "share/peers_inner.h"

static bool
is_named(const struct engine_option *option, const char *name)
{
    return strcmp(option->name, name) == 0;
}

static bool
check_address(const struct engine_option *option, bool is_group, struct err *err)
{
    struct address address;

    if (!address_parse(&address, option->value))
        return err_set(err,
                       "%s: \"%s\" is no address with a port: write 192.0.2.1:%u or "
                       "[2001:db8::1]:%u; names are not looked up",
                       option->name, option->value, PEERS_PORT, PEERS_PORT);
    if (address_is_group(&address) == is_group)
        return true;
    return is_group ? err_set(err, "%s: \"%s\" is no group of multicast, as 239.255.79.84:%u is",
                              option->name, option->value, PEERS_PORT)
                    : err_set(err, "%s: \"%s\" is a group: give it as multicast", option->name,
                              option->value);
}

/* What is read of them: how many of each, by family. */
struct counts {
    size_t peers[2], groups[2], listens[2], interfaces;
};

static bool
count_all(struct counts *counts, const struct engine_option *options, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct engine_option *option = &options[i];
        bool is_group = is_named(option, "multicast");
        struct address address;

        if (is_named(option, "interface")) {
            counts->interfaces++;
            continue;
        }
        if (!check_address(option, is_group, err) || !address_parse(&address, option->value))
            return false;
        if (is_group)
            counts->groups[address_is_v6(&address)]++;
        else if (is_named(option, "peers"))
            counts->peers[address_is_v6(&address)]++;
        else
            counts->listens[address_is_v6(&address)]++;
    }
    return true;
}

bool
peers_options_check(const struct engine_option *options, size_t count, struct err *err)
{
    struct counts counts = {.interfaces = 0};
    const struct counts *c = &counts;

    if (!count_all(&counts, options, count, err))
        return false;
    if (c->peers[0] + c->peers[1] + c->groups[0] + c->groups[1] == 0)
        return err_set(err, "peers: list the other hosts' addresses, or give a multicast group");
    if (c->peers[0] + c->peers[1] > PEERS_PEERS_MAX)
        return err_set(err, "peers: over %u: use multicast, or another engine", PEERS_PEERS_MAX);
    if (c->listens[0] > 1 || c->listens[1] > 1)
        return err_set(err, "listen: give one address, or one of IPv4 and one of IPv6");
    for (unsigned v6 = 0; v6 < 2; v6++) {
        if (c->listens[0] + c->listens[1] > 0 && c->listens[v6] == 0 &&
            c->peers[v6] + c->groups[v6] > 0)
            return err_set(err, "listen: there are %s addresses to send to: give one of these, too",
                           v6 == 1 ? "IPv6" : "IPv4");
    }
    if (c->groups[1] > 0 && c->interfaces == 0)
        return err_set(err, "interface: a group of IPv6 needs one, as \"eth0\"");
    if (c->interfaces > 0 && c->groups[0] + c->groups[1] == 0)
        return err_set(err, "interface: it is that of multicast, of which no group is given");
    return true;
}

static void
take_address(struct peers *peers, const struct engine_option *option)
{
    struct address address;

    if (!address_parse(&address, option->value))
        return; /* it was checked */
    if (is_named(option, "multicast"))
        peers->group = address;
    else if (is_named(option, "peers"))
        peers->peers[peers->peer_count++] = address;
    else
        peers->listen[address_is_v6(&address)] = address;
}

bool
peers_options_take(struct peers *peers, const struct engine_option *options, size_t count)
{
    const char *interface = engine_option_get(options, count, "interface");

    peers->peers = calloc(count, sizeof *peers->peers);
    peers->interface = interface == NULL ? NULL : strdup(interface);
    if (peers->peers == NULL || (interface != NULL && peers->interface == NULL))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!is_named(&options[i], "interface"))
            take_address(peers, &options[i]);
    }
    if (peers->group.len > 0 && peers->listen[address_is_v6(&peers->group)].len == 0)
        peers->listen[address_is_v6(&peers->group)] =
            address_any(address_is_v6(&peers->group), 0); /* only to send from */
    for (size_t i = 0; i < peers->peer_count; i++) {
        struct address *listen = &peers->listen[address_is_v6(&peers->peers[i])];

        if (listen->len == 0 || address_port(listen) == 0)
            *listen = address_any(address_is_v6(&peers->peers[i]), PEERS_PORT);
    }
    return true;
}
