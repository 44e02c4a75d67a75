/* Bytes that claim to be a status: what is taken is printable, sorted, and has one encoding. */
#include "fuzz.h"
#include "share/status.h"

static void
check_text(const char *text)
{
    size_t len = strnlen(text, STATUS_TEXT_MAX + 1);

    must(len <= STATUS_TEXT_MAX);
    for (size_t i = 0; i < len; i++)
        must(text[i] > ' ' && text[i] < 127);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct status status;
    SECRET_BUF(bytes);

    if (!status_decode(&status, data, len, NULL))
        return 0;
    check_text(status.host_name);
    check_text(status.version);
    must(status.coming_count + status.others_count <= (int)STATUS_NAMES_MAX);
    for (size_t i = 0; i < status.coming_count; i++)
        must(status_names(&status, status.coming[i]));
    must(status_encode(&bytes, &status, NULL));
    must(bytes.len <= len && memcmp(bytes.bytes, data, bytes.len) == 0);
    return 0;
}
