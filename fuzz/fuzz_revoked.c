/* Text that claims to say what is revoked: what is taken can be written, and read back the same. */
#include "daemon/revoked_text.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct err err = {{0}};
    size_t again_len = 0;
    char *again;
    enum revoked_text verdict;
    KEYSET(set);
    KEYSET(same);

    verdict = revoked_decode(&set, (const char *)data, len, &err);
    must((verdict == REVOKED_WHOLE) == (err.text[0] == '\0'));
    must(set.key_count == 0 && set.revocation_count <= KEYSET_REVOCATIONS_MAX);
    again = revoked_encode(&again_len, &set);
    must(again != NULL && again_len <= REVOKED_TEXT_MAX);
    must(revoked_decode(&same, again, again_len, NULL) == REVOKED_WHOLE);
    must(same.revocation_count == set.revocation_count);
    must(set.revocation_count == 0 || memcmp(same.revocations, set.revocations,
                                             set.revocation_count * sizeof *set.revocations) == 0);
    must(same.mark.made_ms == set.mark.made_ms && same.mark.until == set.mark.until);
    free(again);
    return 0;
}
