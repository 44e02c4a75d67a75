/* Bytes that claim to be a record, offered to a member: what opens is what was sealed, to the byte,
 * and is of this farm, keyset and time. */
#include "fuzz_farm.h"
#include "share/inbox.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct record_head head;
    struct inbox inbox;
    FARM(farm);
    SECRET_BUF(content);
    SECRET_BUF(again);

    farm_begin(&farm);
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
