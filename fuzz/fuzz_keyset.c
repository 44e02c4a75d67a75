/* Bytes that claim to be a keyset: what is taken is sorted, fit for use, in time, not revoked, and
 * has one encoding. */
#include "fuzz.h"
#include "keys/encode.h"

static void
check_keys(const struct keyset *set)
{
    for (size_t i = 0; i < set->key_count; i++) {
        must(key_check(&set->keys[i], NULL));
        must(keyset_may_open(&set->keys[i], NOW_MS / 1000));
        must(i == 0 || memcmp(set->keys[i - 1].name, set->keys[i].name, KEY_NAME_LEN) < 0);
    }
    must(set->newest_ms <= NOW_MS + KEY_SKEW_MS);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    KEYSET(set);
    KEYSET(again);
    SECRET_BUF(first);
    SECRET_BUF(second);

    if (!decode_keyset(&set, data, len, NOW_MS, NULL)) {
        must(set.keys == NULL && set.confirmations == NULL && set.revocations == NULL);
        return 0;
    }
    check_keys(&set);
    must(encode_keyset(&first, &set, NULL));
    must(decode_keyset(&again, first.bytes, first.len, NOW_MS, NULL));
    must(encode_keyset(&second, &again, NULL));
    must(first.len == second.len && memcmp(first.bytes, second.bytes, first.len) == 0);
    return 0;
}
