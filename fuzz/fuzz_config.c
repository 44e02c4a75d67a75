/* Text that claims to be stekd.conf: what is taken can work, and an error names a line of it. */
#include "config/config.h"
#include "fuzz.h"

static unsigned long
lines(const uint8_t *data, size_t len)
{
    unsigned long count = 1;

    for (size_t i = 0; i < len; i++)
        count += data[i] == '\n';
    return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = malloc(len + 1), *end;
    struct config config = {0};
    struct err err = {""};
    unsigned long line;

    must(text != NULL);
    if (len > 0)
        memcpy(text, data, len);
    text[len] = '\0';
    if (config_parse(&config, "f", text, len, &err)) {
        must(config.count >= 1 && config.count <= CONFIG_KEYSETS_MAX);
        for (size_t i = 0; i < config.count; i++) {
            struct config_keyset *keyset = &config.keysets[i];

            must(control_keyset_ok(keyset->name) && keyset->name[0] != '.');
            must(config_find(&config, keyset->name) == keyset);
            must(policy_resolve(&keyset->policy, keyset->capacity, NULL));
        }
        must(config.metrics.listen.count <= CONFIG_LISTEN_MAX);
    } else {
        must(strncmp(err.text, "f:", 2) == 0 && config.keysets == NULL);
        line = strtoul(err.text + 2, &end, 10);
        must(line >= 1 && line <= lines(data, len) && *end == ':');
    }
    config_free(&config);
    free(text);
    return 0;
}
