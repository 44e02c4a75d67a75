/* config.h - what stekd.conf says. Every error names file and line, and what would be right. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "control/control.h"
#include "io/process.h"
#include "keys/policy.h"

#define CONFIG_PATH "/etc/stek/stekd.conf"
#define CONFIG_MAX 262144U /* bytes of a file */
#define CONFIG_KEYSETS_MAX 256U
#define CONFIG_GROUP_MAX 32U

/* What applies where there is no file of the default name. */
#define CONFIG_DEFAULT "keyset \"default\" { rotate = 1h  lifetime = 12h }\n"

struct config_keyset {
    char name[CONTROL_KEYSET_MAX + 1];
    struct policy policy; /* resolved */
    uint32_t capacity;
    char group_name[CONFIG_GROUP_MAX + 1]; /* "": none */
    gid_t group;                           /* -1: none */
};

struct config {
    struct config_keyset *keysets;
    size_t count;
    bool is_built_in; /* there is no file */
};

/* Read `path`; with `may_be_absent`, the default configuration where there is no such file. On
 * failure `config` is left alone. */
bool config_load(struct config *config, const char *path, bool may_be_absent, struct err *err);

/* The same from text; `file` is what errors call it. `text` ends with a NUL behind `len` bytes and
 * is changed. Not for two threads at once: libConfuse's scanner is one. */
bool config_parse(struct config *config, const char *file, char *text, size_t len, struct err *err);

/* NULL if there is none. */
const struct config_keyset *config_find(const struct config *config, const char *name);

/* Takes one that is all zero. */
void config_free(struct config *config);

#endif
