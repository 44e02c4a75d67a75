/* see section.h: the tables */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/section.h"
#include "config/value.h"
#include "keys/encode.h"
#include "ring/layout.h"

static const struct config_option no_options[] = {{.name = NULL}};
static const struct config_section *const no_sections[] = {NULL};

/* ---- keyset "NAME" { } ---- */

static const struct config_option keyset_options[] = {
    {"rotate", value_duration, offsetof(struct config_keyset, policy.rotate_s), false},
    {"lifetime", value_duration, offsetof(struct config_keyset, policy.lifetime_s), false},
    {"patience", value_patience, offsetof(struct config_keyset, policy.patience_s), false},
    {"max_session", value_duration, offsetof(struct config_keyset, policy.max_session_s), false},
    {"capacity", value_capacity, offsetof(struct config_keyset, capacity), false},
    {"keys", value_keys, offsetof(struct config_keyset, policy.each), false},
    {"group", value_group, offsetof(struct config_keyset, group), false},
    {"persist", value_key_place, offsetof(struct config_keyset, persist), false},
    {"persist_file", value_path, offsetof(struct config_keyset, persist_file), false},
    {"farm", value_path, offsetof(struct config_keyset, farm), false},
    {.name = NULL},
};

static void *
begin_keyset(void *outer, const char *title, struct err *err)
{
    struct config *config = outer;
    struct config_keyset *grown;

    if (!control_keyset_ok(title) || title[0] == '.') {
        (void)err_set(err, "a name has 1 to 64 of a-z 0-9 _ . - and begins with no dot");
        return NULL;
    }
    if (config->count == CONFIG_KEYSETS_MAX) {
        (void)err_set(err, "too many keysets: one stekd keeps up to %u", CONFIG_KEYSETS_MAX);
        return NULL;
    }
    grown = realloc(config->keysets, (config->count + 1) * sizeof *grown);
    if (grown == NULL) {
        (void)err_set(err, "no memory");
        return NULL;
    }
    config->keysets = grown;
    grown += config->count++;
    *grown = (struct config_keyset){
        .policy = policy_default(), .capacity = RING_CAPACITY_DEFAULT, .group = {.gid = (gid_t)-1}};
    (void)snprintf(grown->name, sizeof grown->name, "%s", title); /* fits: ok */
    return grown;
}

static bool
end_keyset(void *target, struct err *err)
{
    struct config_keyset *keyset = target;

    if (keyset->persist_file[0] != '\0' && keyset->persist[0] == '\0')
        return err_set(err, "persist_file needs a key: add persist: credential:NAME or a path");
    if (keyset->farm[0] != '\0' && keyset->shares.count == 0)
        return err_set(err, "farm: nothing is shared: add share \"ENGINE\" { ... }, or drop it");
    if (!policy_resolve(&keyset->policy, keyset->capacity, err))
        return false;
    return keyset->persist[0] == '\0' || policy_keys(&keyset->policy) <= ENCODE_ITEMS_MAX ||
           err_set(err,
                   "persist saves up to %u keys, and this policy keeps up to %llu alive: make "
                   "rotate longer or lifetime shorter",
                   ENCODE_ITEMS_MAX, (unsigned long long)policy_keys(&keyset->policy));
}

static const struct config_section *const keyset_sections[] = {&config_section_share, NULL};

static const struct config_section keyset = {.name = "keyset",
                                             .is_titled = true,
                                             .options = keyset_options,
                                             .nested = keyset_sections,
                                             .begin = begin_keyset,
                                             .end = end_keyset};

/* ---- metrics { } ---- */

static const struct config_option metrics_options[] = {
    {"listen", value_listen, offsetof(struct config_metrics, listen), true},
    {.name = NULL},
};

static void *
begin_metrics(void *outer, const char *title, struct err *err)
{
    struct config *config = outer;

    (void)title; /* it has none */
    (void)err;
    return &config->metrics;
}

static const struct config_section metrics = {
    .name = "metrics", .options = metrics_options, .nested = no_sections, .begin = begin_metrics};

/* ---- control { } ---- */

static const struct config_option control_options[] = {
    {"admin", value_group, offsetof(struct config_control, admin), false},
    {"observer", value_group, offsetof(struct config_control, observer), false},
    {.name = NULL},
};

static void *
begin_control(void *outer, const char *title, struct err *err)
{
    struct config *config = outer;

    (void)title; /* it has none */
    (void)err;
    return &config->control;
}

/* In a user namespace whoever has no number there is shown with this group. */
#define GROUP_NOBODY 65534U

static bool
end_control(void *target, struct err *err)
{
    const struct config_control *control = target;

    if (control->admin.gid == GROUP_NOBODY || control->observer.gid == GROUP_NOBODY)
        return err_set(err, "%s = %s: that is whoever has no other group: make a group of its own",
                       control->admin.gid == GROUP_NOBODY ? "admin" : "observer",
                       control->admin.gid == GROUP_NOBODY ? control->admin.name
                                                          : control->observer.name);
    return control->observer.name[0] == '\0' || control->admin.name[0] == '\0' ||
           control->admin.gid != control->observer.gid ||
           err_set(err,
                   "observer = %s: that is the admin group, which may look anyway: leave it out",
                   control->observer.name);
}

static const struct config_section control = {.name = "control",
                                              .options = control_options,
                                              .nested = no_sections,
                                              .begin = begin_control,
                                              .end = end_control};

/* ---- the file ---- */

static void *
begin_root(void *outer, const char *title, struct err *err)
{
    (void)title;
    (void)err;
    return outer;
}

/* Two keysets in one farm would be hosts of one id, which each write the other's file. */
static bool
check_farms(const struct config *config, struct err *err)
{
    for (size_t i = 0; i < config->count; i++)
        for (size_t j = 0; j < i; j++)
            if (config->keysets[i].farm[0] != '\0' &&
                strcmp(config->keysets[i].farm, config->keysets[j].farm) == 0)
                return err_set(err, "farm = %s: several keysets have it: each needs one of its own",
                               config->keysets[i].farm);
    return true;
}

/* What one keyset is saved in would be written over by another one, or be the key of one. */
static bool
check_saved(const struct config *config, const char *path, struct err *err)
{
    size_t count = 0;

    for (size_t i = 0; i < config->count; i++) {
        count += strcmp(config->keysets[i].persist_file, path) == 0;
        if (strcmp(config->keysets[i].persist, path) == 0)
            return err_set(err, "persist_file = %s: keyset \"%s\" has its key there", path,
                           config->keysets[i].name);
    }
    return count == 1 || err_set(err,
                                 "persist_file = %s: several keysets have it: each needs one "
                                 "of its own",
                                 path);
}

static bool
end_root(void *target, struct err *err)
{
    const struct config *config = target;

    for (size_t i = 0; i < config->count; i++) {
        const char *path = config->keysets[i].persist_file;

        if (path[0] != '\0' && !check_saved(config, path, err))
            return false;
    }
    if (!check_farms(config, err))
        return false;
    return config->count > 0 || err_set(err, "no keyset: write at least keyset \"default\" { }");
}

static const struct config_section *const sections[] = {&keyset, &metrics, &control, NULL};

const struct config_section config_root = {
    .name = "", .options = no_options, .nested = sections, .begin = begin_root, .end = end_root};
