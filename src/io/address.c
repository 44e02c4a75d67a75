/* see address.h */
#include "io/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

_Static_assert(sizeof(struct sockaddr_in6) <= sizeof((struct address *)0)->bytes, "it fits");

static struct address
of_v4(const struct sockaddr_in *v4)
{
    struct address address = {.len = sizeof *v4};

    memcpy(address.bytes, v4, sizeof *v4);
    return address;
}

static struct address
of_v6(const struct sockaddr_in6 *v6)
{
    struct address address = {.len = sizeof *v6};

    memcpy(address.bytes, v6, sizeof *v6);
    return address;
}

static struct sockaddr_in
v4_of(const struct address *address)
{
    struct sockaddr_in v4;

    memcpy(&v4, address->bytes, sizeof v4);
    return v4;
}

static struct sockaddr_in6
v6_of(const struct address *address)
{
    struct sockaddr_in6 v6;

    memcpy(&v6, address->bytes, sizeof v6);
    return v6;
}

/* 1 to 65535, decimal; 0 for anything else. */
static unsigned
parse_port(const char *text)
{
    unsigned port = 0;

    if (text[0] == '\0' || strlen(text) > 5)
        return 0;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return 0;
        port = port * 10 + (unsigned)(*text - '0');
    }
    return port <= UINT16_MAX ? port : 0;
}

bool
address_parse(struct address *out, const char *text)
{
    const char *colon = strrchr(text, ':');
    bool is_v6 = text[0] == '[', is_good;
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    char host[INET6_ADDRSTRLEN];
    size_t len;
    unsigned port;

    if (colon == NULL || (is_v6 && (colon - text < 3 || colon[-1] != ']')))
        return false;
    len = (size_t)(colon - text) - (is_v6 ? 2 : 0);
    port = parse_port(colon + 1);
    if (port == 0 || len >= sizeof host)
        return false;
    memcpy(host, text + is_v6, len);
    host[len] = '\0';
    v4.sin_port = v6.sin6_port = htons((uint16_t)port);
    is_good = inet_pton(is_v6 ? AF_INET6 : AF_INET, host,
                        is_v6 ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr) == 1;
    if (is_good)
        *out = is_v6 ? of_v6(&v6) : of_v4(&v4);
    return is_good;
}

struct address
address_any(bool is_v6, uint16_t port)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};

    return is_v6 ? of_v6(&v6) : of_v4(&v4);
}

void
address_text(char out[ADDRESS_TEXT_MAX], const struct address *address)
{
    char host[INET6_ADDRSTRLEN] = "?";
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;

    if (address_is_v6(address)) {
        v6 = v6_of(address);
        (void)inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host); /* fits */
        (void)snprintf(out, ADDRESS_TEXT_MAX, "[%s]:%u", host, address_port(address));
    } else {
        v4 = v4_of(address);
        (void)inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host); /* fits */
        (void)snprintf(out, ADDRESS_TEXT_MAX, "%s:%u", host, address_port(address));
    }
}

bool
address_equal(const struct address *a, const struct address *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool
address_is_v6(const struct address *address)
{
    return address->len == sizeof(struct sockaddr_in6);
}

bool
address_is_group(const struct address *address)
{
    struct sockaddr_in6 v6;

    if (!address_is_v6(address))
        return IN_MULTICAST(ntohl(v4_of(address).sin_addr.s_addr));
    v6 = v6_of(address);
    return IN6_IS_ADDR_MULTICAST(&v6.sin6_addr);
}

uint16_t
address_port(const struct address *address)
{
    return ntohs(address_is_v6(address) ? v6_of(address).sin6_port : v4_of(address).sin_port);
}
