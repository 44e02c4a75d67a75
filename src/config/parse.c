/* see config.h: the file, through libConfuse into what the tables of section.h say */

#include <confuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/hint.h"
#include "config/section.h"
#include "config/text.h"

#define OPTIONS_MAX 256U /* of all kinds of sections together */
#define GIVEN (1 << 24)  /* a flag of ours, of an option whose value came; libConfuse has 14 */

/* What libConfuse keeps of an option. */
struct value {
    unsigned line;
    char text[];
};

struct parse {
    const char *file;
    struct err *err;
    bool has_failed;
    struct config_sections sections;
    size_t ended; /* sections that libConfuse has come to the end of */
    cfg_opt_t options[OPTIONS_MAX];
    size_t option_count;
};

/* libConfuse hands its callbacks nothing of ours. */
static _Thread_local struct parse *current;

/* Says the first fault only; always false. */
static bool
fail(struct parse *parse, unsigned line, const char *text)
{
    if (!parse->has_failed)
        (void)err_set(parse->err, "%s:%u: %s", parse->file, line, text); /* always false */
    parse->has_failed = true;
    return false;
}

static void on_error(cfg_t *cfg, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void
on_error(cfg_t *cfg, const char *format, va_list args)
{
    char text[ERR_MAX];

    (void)vsnprintf(text, sizeof text / 2, format, args); /* cut to fit, on purpose */
    config_hint(text, sizeof text, format, strcmp(cfg->name, "root") == 0 ? "" : cfg->name);
    (void)fail(current, (unsigned)cfg->line, text); /* the caller knows that it failed */
}

/* A value, or one of a list's. */
static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *text, void *result)
{
    size_t size = strlen(text) + 1;
    struct value *value;
    struct err err;

    if ((opt->flags & GIVEN) != 0 && opt->nvalues == 1) {
        (void)err_set(&err, "%s is given twice: keep one of the two", opt->name);
        (void)fail(current, (unsigned)cfg->line, err.text);
        return -1;
    }
    value = malloc(sizeof *value + size);
    if (value == NULL)
        return -1;
    opt->flags |= GIVEN;
    value->line = (unsigned)cfg->line;
    memcpy(value->text, text, size);
    *(void **)result = value;
    return 0;
}

/* The end of a section: only here can be told which one of the text it is. */
static int
on_section(cfg_t *cfg, cfg_opt_t *opt)
{
    cfg_t *section = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);

    (void)cfg;
    if (current->ended < current->sections.count)
        section->line = (int)current->sections.lines[current->ended++];
    return 0;
}

static const char *
name_of(const struct config_section *kind, size_t index)
{
    return kind->named == NULL ? NULL : kind->named->name(index);
}

static size_t
count_options(const struct config_section *kind)
{
    size_t options = 0, named = 0, nested = 0;

    while (kind->options[options].name != NULL)
        options++;
    while (name_of(kind, named) != NULL)
        named++;
    while (kind->nested[nested] != NULL)
        nested++;
    return options + named + nested + 1;
}

/* The options of `kind` as libConfuse wants them, up to an end; NULL if there are too many. */
static cfg_opt_t *
make_options(struct parse *parse, const struct config_section *kind)
{
    cfg_opt_t *options = &parse->options[parse->option_count], *at = options;
    size_t count = count_options(kind);

    if (count > OPTIONS_MAX - parse->option_count)
        return NULL;
    parse->option_count += count;
    for (size_t i = 0; kind->options[i].name != NULL; i++)
        *at++ = (cfg_opt_t)CFG_PTR_CB(kind->options[i].name, NULL,
                                      CFGF_NODEFAULT | (kind->options[i].is_list ? CFGF_LIST : 0),
                                      on_value, free);
    for (size_t i = 0; name_of(kind, i) != NULL; i++)
        *at++ = (cfg_opt_t)CFG_PTR_CB(name_of(kind, i), NULL, CFGF_NODEFAULT | CFGF_LIST, on_value,
                                      free);
    for (size_t i = 0; kind->nested[i] != NULL; i++, at++) {
        const struct config_section *section = kind->nested[i];
        cfg_opt_t *nested = make_options(parse, section);

        if (nested == NULL)
            return NULL;
        *at = (cfg_opt_t)CFG_SEC(section->name, nested,
                                 CFGF_MULTI |
                                     (section->is_titled ? CFGF_TITLE | CFGF_NO_TITLE_DUPES : 0));
        at->validcb = on_section;
    }
    *at = (cfg_opt_t)CFG_END();
    return options;
}

static bool
fail_value(struct parse *parse, const char *name, const struct value *value, struct err *err)
{
    (void)err_add(err, "%s = %s", name, value->text); /* always false */
    return fail(parse, value->line, err->text);
}

static bool
take_options(struct parse *parse, cfg_t *cfg, const struct config_section *kind, void *target)
{
    struct err err;

    for (size_t i = 0; kind->options[i].name != NULL; i++) {
        const struct config_option *option = &kind->options[i];
        cfg_opt_t *opt = cfg_getopt(cfg, option->name);

        for (unsigned n = 0; n < cfg_opt_size(opt); n++) {
            const struct value *value = cfg_opt_getnptr(opt, n);

            if (!option->set((char *)target + option->at, value->text, &err))
                return fail_value(parse, option->name, value, &err);
        }
    }
    return true;
}

static bool
take_named(struct parse *parse, cfg_t *cfg, const struct config_section *kind, void *target)
{
    struct err err;

    for (size_t i = 0; name_of(kind, i) != NULL; i++) {
        const char *name = name_of(kind, i);
        cfg_opt_t *opt = cfg_getopt(cfg, name);

        for (unsigned n = 0; n < cfg_opt_size(opt); n++) {
            const struct value *value = cfg_opt_getnptr(opt, n);

            if (!kind->named->set(target, name, value->text, &err))
                return fail_value(parse, name, value, &err);
        }
    }
    return true;
}

/* The line of an option, if `text` begins with its name and it was given; else 0. */
static unsigned
line_if(cfg_t *cfg, const char *name, const char *text)
{
    size_t len = strcspn(text, " :");
    cfg_opt_t *opt = cfg_getopt(cfg, name);

    if (strlen(name) != len || strncmp(name, text, len) != 0 || cfg_opt_size(opt) == 0)
        return 0;
    return ((const struct value *)cfg_opt_getnptr(opt, 0))->line;
}

/* The line of the option that `text` begins with; else the section's. */
static unsigned
line_of(cfg_t *cfg, const struct config_section *kind, const char *text)
{
    unsigned line = 0;

    for (size_t i = 0; line == 0 && kind->options[i].name != NULL; i++)
        line = line_if(cfg, kind->options[i].name, text);
    for (size_t i = 0; line == 0 && name_of(kind, i) != NULL; i++)
        line = line_if(cfg, name_of(kind, i), text);
    return line != 0 ? line : (unsigned)cfg->line;
}

static bool
fail_section(struct parse *parse, cfg_t *cfg, const struct config_section *kind, struct err *err)
{
    unsigned line = line_of(cfg, kind, err->text);

    if (kind->is_titled)
        (void)err_add(err, "%s \"%s\"", kind->name, cfg_title(cfg)); /* always false */
    return fail(parse, line, err->text);
}

static bool
take_section(struct parse *parse, cfg_t *cfg, const struct config_section *kind, void *outer)
{
    struct err err;
    void *target = kind->begin(outer, cfg_title(cfg), &err);

    if (target == NULL)
        return fail_section(parse, cfg, kind, &err);
    if (!take_options(parse, cfg, kind, target) || !take_named(parse, cfg, kind, target))
        return false;
    for (size_t i = 0; kind->nested[i] != NULL; i++) {
        const struct config_section *nested = kind->nested[i];
        cfg_opt_t *opt = cfg_getopt(cfg, nested->name);

        for (unsigned n = 0; n < cfg_opt_size(opt); n++) {
            if (n > 0 && !nested->is_titled) {
                (void)err_set(&err, "%s { ... } stands there twice: make it one", nested->name);
                return fail(parse, (unsigned)cfg_opt_getnsec(opt, n)->line, err.text);
            }
            if (!take_section(parse, cfg_opt_getnsec(opt, n), nested, target))
                return false;
        }
    }
    return kind->end == NULL || kind->end(target, &err) || fail_section(parse, cfg, kind, &err);
}

static bool
run(struct parse *parse, struct config *config, const char *text)
{
    cfg_opt_t *options = make_options(parse, &config_root);
    cfg_t *cfg = options == NULL ? NULL : cfg_init(options, CFGF_NONE);
    bool ok = false;

    if (cfg != NULL) {
        current = parse;
        (void)cfg_set_error_function(cfg, on_error); /* there was none */
        ok = cfg_parse_buf(cfg, text) == CFG_SUCCESS && !parse->has_failed;
        current = NULL;
        cfg->line = 1;
        ok = ok && take_section(parse, cfg, &config_root, config);
        (void)cfg_free(cfg); /* resets the scanner too, which an error leaves in a string */
    }
    return ok || parse->has_failed ? ok : err_set(parse->err, "%s: no memory", parse->file);
}

bool
config_parse(struct config *config, const char *file, char *text, size_t len, struct err *err)
{
    struct parse *parse = calloc(1, sizeof *parse);
    struct config fresh = {0};
    bool ok;

    if (parse == NULL)
        return err_set(err, "%s: no memory", file);
    parse->file = file;
    parse->err = err;
    ok = config_text_clean(&parse->sections, file, text, len, err) && run(parse, &fresh, text);
    free(parse);
    if (ok)
        *config = fresh;
    else
        config_free(&fresh);
    return ok;
}
