/* Any bytes may come as a ClientHello: what is found lies within them and is well-formed. */
#include <stek/ticket.h>

#include "fuzz.h"

static bool
is_within(const uint8_t *part, size_t part_len, const uint8_t *all, size_t len)
{
    return part >= all && part_len <= len && (size_t)(part - all) <= len - part_len;
}

static bool
is_sni(const char *sni, size_t len)
{
    return len <= STEK_SNI_MAX && strlen(sni) == len &&
           strspn(sni, "abcdefghijklmnopqrstuvwxyz0123456789-_.:") == len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char sni[STEK_SNI_MAX + 1];
    size_t sni_len;
    STEK_HELLO(hello);

    if (stek_hello_sni(sni, &sni_len, data, len) == STEK_OK)
        must(is_sni(sni, sni_len));
    if (stek_hello_parse(&hello, data, len) != STEK_OK)
        return 0;
    must(is_sni(hello.sni, hello.sni_len));
    if (hello.ticket != NULL)
        must(hello.ticket_len > 0 && is_within(hello.ticket, hello.ticket_len, data, len));
    return 0;
}
