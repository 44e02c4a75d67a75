/* see stek/ticket.h
 *
 * ClientHello body:   version 2 | random 32 | session id 1+ | cipher suites 2+ | compression 1+ |
 *                     extensions 2+ (may be left out): type 2 | content 2+
 * server_name (0):    list 2+: type 1 (0: host_name) | name 2+
 * session_ticket (35): the ticket; empty where the client only asks for one
 * pre_shared_key (41): identities 2+: identity 2+ | age 4; binders 2+: binder 1+
 * (N+: a length of N bytes, then that many bytes) */
#include <stek/ticket.h>

#include "base/bytes.h"

#define EXT_SERVER_NAME 0
#define EXT_SESSION_TICKET 35
#define EXT_PRE_SHARED_KEY 41
#define EXTENSIONS_MAX 128U /* clients send some 20; bounds the search for doubles */

#define SESSION_ID_MAX 32U
#define BINDER_MIN 32U

/* The next `width` bytes are a length: a reader over what they count. */
static struct reader
read_vector(struct reader *r, size_t width)
{
    return read_sub(r, (size_t)read_uint(r, width));
}

static bool
is_host_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
           c == ':';
}

/* Copy a host name in lower case; false if it is none. */
static bool
take_name(char out[STEK_SNI_MAX + 1], const uint8_t *name, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t c = name[i];

        if (c >= 'A' && c <= 'Z')
            c = (uint8_t)(c - 'A' + 'a');
        if (!is_host_char(c))
            return false;
        out[i] = (char)c;
    }
    out[len] = '\0';
    return true;
}

enum stek_status
stek_hello_sni(char sni[STEK_SNI_MAX + 1], size_t *sni_len, const uint8_t *ext, size_t ext_len)
{
    struct reader r = reader_of(ext, ext_len);
    struct reader list = read_vector(&r, 2);
    uint8_t type = read_u8(&list);
    struct reader name = read_vector(&list, 2);
    char lower[STEK_SNI_MAX + 1];

    /* One name: RFC 6066 allows no two of a type and there never was another type. */
    if (!reader_done(&r) || !reader_done(&list) || name.failed || type != 0)
        return STEK_BAD_TICKET;
    if (name.left == 0 || name.left > STEK_SNI_MAX || !take_name(lower, name.at, name.left))
        return STEK_BAD_TICKET;
    memcpy(sni, lower, name.left + 1);
    *sni_len = name.left;
    return STEK_OK;
}

/* Take the first identity, and see that the others and the binders are well-formed too. */
static bool
take_psk(struct stek_hello *hello, struct reader ext)
{
    struct reader identities = read_vector(&ext, 2);
    struct reader binders = read_vector(&ext, 2);
    size_t count = 0;

    if (!reader_done(&ext) || identities.left == 0 || binders.left == 0)
        return false;
    for (; identities.left > 0; count++) {
        struct reader identity = read_vector(&identities, 2);

        (void)read_u32(&identities); /* the obfuscated age */
        if (identities.failed || identity.left == 0)
            return false;
        if (count == 0) {
            hello->ticket = identity.at;
            hello->ticket_len = identity.left;
            hello->is_psk = 1;
        }
    }
    for (; binders.left > 0; count--) {
        struct reader binder = read_vector(&binders, 1);

        if (binders.failed || binder.left < BINDER_MIN || count == 0)
            return false;
    }
    return count == 0;
}

static bool
take_extension(struct stek_hello *hello, uint16_t type, struct reader ext)
{
    switch (type) {
    case EXT_SERVER_NAME:
        return stek_hello_sni(hello->sni, &hello->sni_len, ext.at, ext.left) == STEK_OK;
    case EXT_SESSION_TICKET:
        if (ext.left > 0 && !hello->is_psk) {
            hello->ticket = ext.at;
            hello->ticket_len = ext.left;
        }
        return true;
    case EXT_PRE_SHARED_KEY: return take_psk(hello, ext);
    default: return true;
    }
}

static bool
is_among(const uint16_t *types, size_t count, uint16_t type)
{
    for (size_t i = 0; i < count; i++)
        if (types[i] == type)
            return true;
    return false;
}

static bool
take_extensions(struct stek_hello *hello, struct reader all)
{
    uint16_t seen[EXTENSIONS_MAX];
    size_t count = 0;

    for (; all.left > 0; count++) {
        uint16_t type = read_u16(&all);
        struct reader ext = read_vector(&all, 2);

        if (all.failed || count == EXTENSIONS_MAX || is_among(seen, count, type) ||
            !take_extension(hello, type, ext))
            return false;
        seen[count] = type;
    }
    return !all.failed;
}

enum stek_status
stek_hello_parse(struct stek_hello *hello, const uint8_t *body, size_t body_len)
{
    STEK_HELLO(found);
    struct reader r = reader_of(body, body_len);
    struct reader session, suites, compression;
    struct reader extensions = reader_of(body, 0);
    size_t size = hello->size;

    if (size < sizeof found)
        return STEK_BAD_ARGUMENT;
    (void)read_bytes(&r, 2 + 32); /* the version and the random */
    session = read_vector(&r, 1);
    suites = read_vector(&r, 2);
    compression = read_vector(&r, 1);
    if (r.left > 0)
        extensions = read_vector(&r, 2);
    if (!reader_done(&r) || session.left > SESSION_ID_MAX || suites.left < 2 ||
        suites.left % 2 != 0 || compression.left < 1 || !take_extensions(&found, extensions))
        return STEK_BAD_TICKET;
    found.size = size;
    *hello = found;
    return STEK_OK;
}
