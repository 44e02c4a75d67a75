/* Bytes that claim to be a record, offered to a member: what opens is what was sealed, to the byte,
 * and is of this farm, keyset and time. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "share/inbox.h"

#define NOW_MS (1700000000U * (uint64_t)1000)

static void
must(bool held)
{
    if (!held)
        abort();
}

/* The same farm each time: its bytes count up in steps that are not weak. */
static void
begin(struct farm *farm)
{
    uint8_t id[FARM_ID_LEN];
    SECRET(secret);

    for (uint8_t i = 0; i < SECRET_LEN; i++)
        secret.bytes[i] = (uint8_t)(i * i * 7 + (i << 3) + 1);
    memcpy(id, secret.bytes + 3, sizeof id);
    must(farm_create(farm, id, &secret, NOW_MS, NULL));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct record_head head;
    struct inbox inbox;
    FARM(farm);
    SECRET_BUF(content);
    SECRET_BUF(again);

    begin(&farm);
    inbox_init(&inbox, &farm, "www", 1);
    if (inbox_open(&inbox, &content, &head, RECORD_KEYS, data, len, NOW_MS) == RECORD_OPENED) {
        must(head.sequence <= NOW_MS + KEY_SKEW_MS && strcmp(head.keyset, "www") == 0);
        must(record_seal(&again, &farm, &head, data + 39 + 3, content.bytes, content.len, NULL));
        must(again.len == len && memcmp(again.bytes, data, len) == 0);
    } else {
        must(content.bytes == NULL);
    }
    inbox_free(&inbox);
    return 0;
}
