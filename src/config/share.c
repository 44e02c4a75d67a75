/* see section.h: share "ENGINE" { }, whose options are those of the engines' tables */
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/section.h"

#define NAMES_MAX 128U /* of all engines */

/* The options of all engines together, each name once. */
static const char *
name_at(size_t index)
{
    const char *names[NAMES_MAX];
    size_t count = 0;

    for (size_t k = 0; engine_kinds[k] != NULL; k++) {
        const struct engine_option_kind *options = engine_kinds[k]->options;

        for (size_t i = 0; options[i].name != NULL && count < NAMES_MAX; i++) {
            size_t at = 0;

            while (at < count && strcmp(names[at], options[i].name) != 0)
                at++;
            names[at] = options[i].name;
            count += at == count;
        }
    }
    return index < count ? names[index] : NULL;
}

static const struct engine_option_kind *
find_option(const struct engine_kind *kind, const char *name)
{
    const struct engine_option_kind *at = kind->options;

    while (at->name != NULL && strcmp(at->name, name) != 0)
        at++;
    return at->name == NULL ? NULL : at;
}

static bool
check_value(const struct config_share *share, const struct engine_option_kind *option,
            const char *text, struct err *err)
{
    if (option->type != ENGINE_TEXTS &&
        engine_option_get(share->options, share->option_count, option->name) != NULL)
        return err_set(err, "%s takes one value", option->name);
    return option->type != ENGINE_BOOL || strcmp(text, "true") == 0 || strcmp(text, "false") == 0 ||
           err_set(err, "write true or false");
}

static bool
add_option(struct config_share *share, const char *name, const char *text)
{
    size_t at = share->option_count;
    struct engine_option *options = realloc(share->options, (at + 1) * sizeof *options);
    char **texts = realloc(share->texts, (at + 1) * sizeof *texts);

    if (options != NULL)
        share->options = options;
    if (texts != NULL)
        share->texts = texts;
    if (options == NULL || texts == NULL)
        return false;
    texts[at] = strdup(text);
    if (texts[at] == NULL)
        return false;
    options[at] = (struct engine_option){.name = name, .value = texts[at]};
    share->option_count++;
    return true;
}

static bool
set_option(void *target, const char *name, const char *text, struct err *err)
{
    struct config_share *share = target;
    const struct engine_option_kind *option = find_option(share->kind, name);

    if (option == NULL)
        return err_set(err, "the engine %s has no such option", share->kind->name);
    if (!check_value(share, option, text, err))
        return false;
    return add_option(share, option->name, text) || err_set(err, "no memory");
}

static void *
begin(void *outer, const char *title, struct err *err)
{
    struct config_keyset *keyset = outer;
    const struct engine_kind *kind = engine_kind_find(title);
    struct config_share *grown;

    if (kind == NULL) {
        (void)err_set(err, "no engine of this name: there are"); /* always false */
        for (size_t i = 0; engine_kinds[i] != NULL; i++) {
            struct err before = *err;

            (void)err_set(err, "%s%s %s", before.text, i == 0 ? "" : ",", engine_kinds[i]->name);
        }
        return NULL;
    }
    grown = realloc(keyset->shares.all, (keyset->shares.count + 1) * sizeof *grown);
    if (grown == NULL) {
        (void)err_set(err, "no memory"); /* always false */
        return NULL;
    }
    keyset->shares.all = grown;
    grown += keyset->shares.count++;
    *grown = (struct config_share){.kind = kind};
    return grown;
}

static bool
end(void *target, struct err *err)
{
    const struct config_share *share = target;

    for (const struct engine_option_kind *at = share->kind->options; at->name != NULL; at++)
        if (at->is_needed &&
            engine_option_get(share->options, share->option_count, at->name) == NULL)
            return err_set(err, "%s is missing: %s", at->name, at->summary);
    return share->kind->check(share->options, share->option_count, err);
}

static const struct config_option no_options[] = {{.name = NULL}};
static const struct config_section *const no_sections[] = {NULL};
static const struct config_named named = {.name = name_at, .set = set_option};

const struct config_section config_section_share = {.name = "share",
                                                    .is_titled = true,
                                                    .options = no_options,
                                                    .named = &named,
                                                    .nested = no_sections,
                                                    .begin = begin,
                                                    .end = end};

static void
free_share(struct config_share *share)
{
    for (size_t i = 0; i < share->option_count; i++)
        free(share->texts[i]);
    free(share->texts);
    free(share->options);
}

void
config_shares_free(struct config_shares *shares)
{
    for (size_t i = 0; i < shares->count; i++)
        free_share(&shares->all[i]);
    free(shares->all);
    *shares = (struct config_shares){.all = NULL};
}

static bool
copy_share(struct config_share *out, const struct config_share *share)
{
    out->kind = share->kind;
    for (size_t i = 0; i < share->option_count; i++)
        if (!add_option(out, share->options[i].name, share->options[i].value))
            return false;
    return true;
}

bool
config_shares_copy(struct config_shares *out, const struct config_shares *shares)
{
    struct config_shares copy = {.all = calloc(shares->count + 1, sizeof *copy.all)};
    bool ok = copy.all != NULL;

    for (size_t i = 0; ok && i < shares->count; i++, copy.count++)
        ok = copy_share(&copy.all[i], &shares->all[i]);
    if (ok)
        *out = copy;
    else
        config_shares_free(&copy);
    return ok;
}

static bool
is_equal(const struct config_share *a, const struct config_share *b)
{
    bool equal = a->kind == b->kind && a->option_count == b->option_count;

    for (size_t i = 0; equal && i < a->option_count; i++)
        equal = strcmp(a->options[i].name, b->options[i].name) == 0 &&
                strcmp(a->options[i].value, b->options[i].value) == 0;
    return equal;
}

bool
config_shares_equal(const struct config_shares *a, const struct config_shares *b)
{
    bool equal = a->count == b->count;

    for (size_t i = 0; equal && i < a->count; i++)
        equal = is_equal(&a->all[i], &b->all[i]);
    return equal;
}
