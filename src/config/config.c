/* see config.h */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#include "io/file.h"

bool
config_load(struct config *config, const char *path, bool may_be_absent, struct err *err)
{
    char built_in[] = CONFIG_DEFAULT;
    enum file_read result;
    char *text = NULL;
    size_t len = 0;
    bool ok;

    result = file_read(&text, &len, path, CONFIG_MAX, err);
    if (result == FILE_ABSENT && may_be_absent) {
        ok = config_parse(config, "built-in configuration", built_in, sizeof built_in - 1, err);
        config->is_built_in = ok;
        return ok;
    }
    if (result != FILE_READ)
        return err_add(err, "configuration");
    ok = config_parse(config, path, text, len, err);
    free(text);
    return ok;
}

const struct config_keyset *
config_find(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->count; i++) {
        if (strcmp(config->keysets[i].name, name) == 0)
            return &config->keysets[i];
    }
    return NULL;
}

void
config_free(struct config *config)
{
    for (size_t i = 0; i < config->count; i++)
        config_shares_free(&config->keysets[i].shares);
    free(config->keysets);
    *config = (struct config){0};
}
