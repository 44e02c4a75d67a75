/* see stek/ticket.h */
#include <stek/ticket.h>

#include <stdlib.h>

#include "base/bytes.h"

#define HEAD_LEN 5U /* kind 1 | length 4 */
#define SHORT_LEN 512U
#define FIELD_MAX 65535U

void
stek_context_init(struct stek_context *context)
{
    *context = (struct stek_context){{0}};
}

/* hash = HMAC(hash, kind | length | bytes), by way of `scratch` of HEAD_LEN + len bytes. */
static enum stek_status
add_by(struct stek_context *context, uint8_t *scratch, uint8_t kind, const void *bytes, size_t len,
       stek_hmac_fn *hmac)
{
    struct writer w = writer_of(scratch, HEAD_LEN + len);
    struct stek_context next;

    write_u8(&w, kind);
    write_u32(&w, (uint32_t)len);
    write_bytes(&w, bytes, len);
    if (hmac(next.hash, scratch, w.len, context->hash, sizeof context->hash) != 1)
        return STEK_NO_CRYPTO;
    *context = next;
    return STEK_OK;
}

static enum stek_status
add(struct stek_context *context, uint8_t kind, const void *bytes, size_t len, stek_hmac_fn *hmac)
{
    uint8_t shorts[HEAD_LEN + SHORT_LEN];
    uint8_t *longs;
    enum stek_status status;

    if (len > FIELD_MAX)
        return STEK_BAD_ARGUMENT;
    if (len <= SHORT_LEN)
        return add_by(context, shorts, kind, bytes, len, hmac);
    longs = malloc(HEAD_LEN + len);
    if (longs == NULL)
        return STEK_SYSTEM;
    status = add_by(context, longs, kind, bytes, len, hmac);
    free(longs);
    return status;
}

enum stek_status
stek_context_add(struct stek_context *context, enum stek_field kind, const void *bytes, size_t len,
                 stek_hmac_fn *hmac)
{
    if (kind < STEK_FIELD_NAMES || kind > STEK_FIELD_LABEL)
        return STEK_BAD_ARGUMENT;
    return add(context, (uint8_t)kind, bytes, len, hmac);
}

static int
compare(const void *a, const void *b)
{
    const struct stek_name *x = a, *y = b;

    if (x->type != y->type)
        return x->type < y->type ? -1 : 1;
    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    return x->len == 0 ? 0 : memcmp(x->bytes, y->bytes, x->len);
}

enum stek_status
stek_context_names(struct stek_context *context, struct stek_name *names, size_t count,
                   stek_hmac_fn *hmac)
{
    struct stek_context all = {{0}};
    enum stek_status status = STEK_OK;

    for (size_t i = 0; i < count; i++)
        if (names[i].type < 0 || names[i].type > UINT8_MAX)
            return STEK_BAD_ARGUMENT;
    if (count > 1)
        qsort(names, count, sizeof *names, compare);
    for (size_t i = 0; i < count && status == STEK_OK; i++) {
        if (i > 0 && compare(&names[i - 1], &names[i]) == 0)
            continue;
        status = add(&all, (uint8_t)names[i].type, names[i].bytes, names[i].len, hmac);
    }
    if (status != STEK_OK)
        return status;
    return add(context, STEK_FIELD_NAMES, all.hash, sizeof all.hash, hmac);
}
