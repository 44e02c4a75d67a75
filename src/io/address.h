/* address.h - addresses of the Internet with their ports, as configuration writes them and sockets
 * take them: "192.0.2.1:7984", "[2001:db8::1]:7984". Names are not resolved. */
#ifndef IO_ADDRESS_H
#define IO_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#define ADDRESS_TEXT_MAX 54

struct address {
    uint32_t len;      /* 0: none */
    uint32_t bytes[7]; /* a sockaddr_in or sockaddr_in6; what is behind it is zero */
};

/* False for what is no address with a port of 1 to 65535. */
bool address_parse(struct address *out, const char *text);

/* All addresses of the machine; port 0: any that is free. */
struct address address_any(bool is_v6, uint16_t port);

void address_text(char out[ADDRESS_TEXT_MAX], const struct address *address);
bool address_equal(const struct address *a, const struct address *b);
bool address_is_v6(const struct address *address);
bool address_is_group(const struct address *address); /* of multicast */
uint16_t address_port(const struct address *address);

#endif
