/* config.h - what stekd.conf says. Every error names file and line, and what would be right. The
 * options stand in the tables of sections.c. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "control/control.h"
#include "io/listen.h"
#include "io/process.h"
#include "keys/policy.h"
#include "share/engine.h"

#define CONFIG_PATH "/etc/stek/stekd.conf"
#define CONFIG_MAX 262144U /* bytes of a file */
#define CONFIG_KEYSETS_MAX 256U
#define CONFIG_GROUP_MAX 32U
#define CONFIG_LISTEN_MAX 8U
#define CONFIG_PLACE_MAX 255U /* a path, or credential:NAME */

/* What applies where there is no file of the default name. */
#define CONFIG_DEFAULT "keyset \"default\" { rotate = 1h  lifetime = 12h }\n"

struct config_group {
    char name[CONFIG_GROUP_MAX + 1]; /* "": none */
    gid_t gid;                       /* -1: none */
};

/* share "ENGINE" { ... } */
struct config_share {
    const struct engine_kind *kind;
    struct engine_option *options; /* names are the kind's, values `texts` */
    char **texts;
    size_t option_count;
};

struct config_shares {
    struct config_share *all;
    size_t count;
};

struct config_keyset {
    char name[CONTROL_KEYSET_MAX + 1];
    struct policy policy; /* resolved */
    uint32_t capacity;
    struct config_group group;
    char persist[CONFIG_PLACE_MAX + 1];      /* see io/key_file.h; "": not kept over reboots */
    char persist_file[CONFIG_PLACE_MAX + 1]; /* "": the default one */
    char farm[CONFIG_PLACE_MAX + 1];         /* the file of its farm; "": the default one */
    struct config_shares shares;             /* none: it is this host's alone */
};

struct config_listen {
    struct listen_address addresses[CONFIG_LISTEN_MAX];
    size_t count;
};

/* Who may use the control socket beside root and stekd's own user. */
struct config_control {
    struct config_group admin;    /* may do everything */
    struct config_group observer; /* may look */
};

struct config_metrics {
    struct config_listen listen;
};

struct config {
    struct config_keyset *keysets;
    size_t count;
    struct config_metrics metrics;
    struct config_control control;
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

/* A copy in an empty `out`. False if there is no memory. */
bool config_shares_copy(struct config_shares *out, const struct config_shares *shares);
bool config_shares_equal(const struct config_shares *a, const struct config_shares *b);
void config_shares_free(struct config_shares *shares);

/* Takes one that is all zero. */
void config_free(struct config *config);

#endif
