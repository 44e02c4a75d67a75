/* Names of record files; see directory_inner.h */
#include <stdio.h>
#include <string.h>

#include "share/directory_inner.h"

#define DIGITS 16U
#define EXTENSION ".stkr"

static const char *const kinds[DIRECTORY_KINDS] = {
    [RECORD_KEYS] = ".keys.", [RECORD_STATUS] = ".status."};

void
directory_name_write(char out[DIRECTORY_NAME_LEN], const struct engine_name *name,
                     const char *keyset)
{
    (void)snprintf(out, DIRECTORY_NAME_LEN, "%016llx%s%.64s" EXTENSION, /* always fits */
                   (unsigned long long)name->sender, kinds[name->kind], keyset);
}

/* In the one way in which it is written: lower-case digits. */
static bool
read_sender(uint64_t *out, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t sender = 0;

    for (size_t i = 0; i < DIGITS; i++) {
        const char *digit = text[i] == '\0' ? NULL : strchr(digits, text[i]);

        if (digit == NULL)
            return false;
        sender = sender << 4 | (uint64_t)(digit - digits);
    }
    *out = sender;
    return true;
}

bool
directory_name_read(struct engine_name *out, const char *text, const char *keyset)
{
    size_t len = strlen(keyset);
    uint64_t sender;

    if (!read_sender(&sender, text))
        return false;
    text += DIGITS;
    for (unsigned kind = RECORD_KEYS; kind <= RECORD_STATUS; kind++) {
        size_t word = strlen(kinds[kind]);

        if (strncmp(text, kinds[kind], word) == 0 && strncmp(text + word, keyset, len) == 0 &&
            strcmp(text + word + len, EXTENSION) == 0) {
            *out = (struct engine_name){(enum record_kind)kind, sender};
            return true;
        }
    }
    return false;
}
