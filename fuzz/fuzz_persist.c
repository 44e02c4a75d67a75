/* Bytes that claim to be a file of saved keys. What is taken is fit for use; what is not leaves
 * nothing. What may stand in a file that is sealed as it should be is fuzz_keyset's. */
#include "daemon/persist_format.h"
#include "fuzz.h"

static const struct secret key = {{1, 2, 3}};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct persist_head head = {.keyset = "www"};
    uint8_t *again;
    size_t again_len;
    KEYSET(set);
    KEYSET(same);

    if (!persist_open_sealed(&head, &set, data, len, &key, NOW_MS, NULL)) {
        must(set.key_count == 0 && head.saved_ms == 0);
        return 0;
    }
    for (size_t i = 0; i < set.key_count; i++)
        must(key_check(&set.keys[i], NULL) && keyset_may_open(&set.keys[i], NOW_MS / 1000));
    must(persist_seal(&again, &again_len, &head, &set, &key, NULL));
    must(persist_open_sealed(&head, &same, again, again_len, &key, NOW_MS, NULL));
    must(same.key_count == set.key_count);
    free(again);
    return 0;
}
