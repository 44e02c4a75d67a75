/* Names of files in a folder that others write: what is taken as a record's has one spelling. */
#include "fuzz.h"
#include "share/directory_inner.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = malloc(len + 1), again[DIRECTORY_NAME_LEN]; /* of its own length, to see beyond */
    struct engine_name name;

    if (text == NULL)
        return 0;
    if (len > 0)
        memcpy(text, data, len);
    text[len] = '\0';
    if (directory_name_read(&name, text, "www")) {
        directory_name_write(again, &name, "www");
        must(strcmp(again, text) == 0);
    }
    free(text);
    return 0;
}
