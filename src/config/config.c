/* see config.h; on libConfuse */
#include "config/config.h"

#include <confuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/text.h"
#include "config/value.h"
#include "io/file.h"
#include "ring/layout.h"

struct parse {
    const char *file;
    struct err *err;
    bool has_failed;
    struct config config;
    struct config_sections sections;
    struct config_keyset keyset;    /* the section that is being read */
    unsigned lines[CONFIG_OPTIONS]; /* of its options; 0: not given */
};

/* libConfuse hands its callbacks nothing of ours. */
static _Thread_local struct parse *current;

static int
fail(unsigned line, const char *text)
{
    if (!current->has_failed)
        (void)err_set(current->err, "%s:%u: %s", current->file, line, text); /* always false */
    current->has_failed = true;
    return -1;
}

/* What libConfuse's messages leave open: what would be right. */
static const char *
hint(const char *format)
{
    static const struct {
        const char *format, *hint;
    } hints[] = {
        {"missing title", ": write keyset \"NAME\" { ... }"},
        {"missing opening brace", ": write keyset \"NAME\" { ... }"},
        {"missing equal sign", ": write OPTION = VALUE"},
        {"found duplicate title", ": each keyset needs a name of its own"},
        {"premature end of file", ": an option or section is cut short"},
        {"unexpected token", ": write OPTION = VALUE"},
    };

    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        if (strncmp(format, hints[i].format, strlen(hints[i].format)) == 0)
            return hints[i].hint;
    }
    return "";
}

static void on_error(cfg_t *cfg, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void
on_error(cfg_t *cfg, const char *format, va_list args)
{
    char text[ERR_MAX / 2], whole[ERR_MAX];

    (void)vsnprintf(text, sizeof text, format, args); /* cut to fit, on purpose */
    if (strncmp(format, "no such option", 14) != 0)
        (void)snprintf(whole, sizeof whole, "%s%s", text, hint(format));
    else if (cfg->title == NULL)
        (void)snprintf(whole, sizeof whole, "%s: only keyset \"NAME\" { ... } may stand here",
                       text);
    else
        (void)snprintf(whole, sizeof whole,
                       "%s: a keyset has rotate, lifetime, patience, max_session, capacity, "
                       "keys, group",
                       text);
    (void)fail((unsigned)cfg->line, whole); /* the caller knows that it failed */
}

/* An option of a keyset; its value is kept here, libConfuse's own copy is not used. */
static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
    size_t option = config_option(opt->name);
    struct err err;

    if (option == CONFIG_OPTIONS || current->lines[option] != 0) {
        (void)err_set(&err, "%s is given twice: keep one of the two", opt->name);
        return fail((unsigned)cfg->line, err.text);
    }
    current->lines[option] = (unsigned)cfg->line;
    if (!config_set(&current->keyset, option, value, &err))
        return fail((unsigned)cfg->line, err.text);
    *(const char **)result = value;
    return 0;
}

static void
begin_section(struct parse *parse)
{
    parse->keyset = (struct config_keyset){
        .policy = policy_default(), .capacity = RING_CAPACITY_DEFAULT, .group = (gid_t)-1};
    for (size_t i = 0; i < CONFIG_OPTIONS; i++)
        parse->lines[i] = 0;
}

static bool
append(struct config *config, const struct config_keyset *keyset)
{
    struct config_keyset *grown =
        realloc(config->keysets, (config->count + 1) * sizeof *config->keysets);

    if (grown == NULL)
        return false;
    grown[config->count++] = *keyset;
    config->keysets = grown;
    return true;
}

/* The end of a keyset's section. */
static int
on_section(cfg_t *cfg, cfg_opt_t *opt)
{
    const char *name = cfg_title(cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1));
    struct parse *parse = current;
    size_t index = parse->config.count;
    unsigned line =
        index < parse->sections.count ? parse->sections.lines[index] : (unsigned)cfg->line;
    struct err err;

    if (name == NULL || !control_keyset_ok(name) || name[0] == '.') {
        (void)err_set(&err,
                      "keyset \"%s\": a name has 1 to 64 of a-z 0-9 _ . - and begins with no dot",
                      name == NULL ? "" : name);
        return fail(line, err.text);
    }
    if (!policy_resolve(&parse->keyset.policy, parse->keyset.capacity, &err)) {
        size_t option = config_option(err.text);

        (void)err_add(&err, "keyset \"%s\"", name); /* always false */
        return fail(option < CONFIG_OPTIONS && parse->lines[option] != 0 ? parse->lines[option]
                                                                         : line,
                    err.text);
    }
    (void)snprintf(parse->keyset.name, sizeof parse->keyset.name, "%s", name); /* fits: ok */
    if (!append(&parse->config, &parse->keyset))
        return fail(line, "no memory");
    begin_section(parse);
    return 0;
}

static bool
run(struct parse *parse, const char *text)
{
    cfg_opt_t section[CONFIG_OPTIONS + 1] = {0};
    cfg_opt_t root[] = {CFG_SEC("keyset", section, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                        CFG_END()};
    cfg_t *cfg;
    int result = CFG_PARSE_ERROR;

    for (size_t i = 0; i < CONFIG_OPTIONS; i++)
        section[i] = (cfg_opt_t)CFG_STR_CB(config_options[i], NULL, CFGF_NODEFAULT, on_value);
    section[CONFIG_OPTIONS] = (cfg_opt_t)CFG_END();
    cfg = cfg_init(root, CFGF_NONE);
    if (cfg != NULL) {
        current = parse;
        (void)cfg_set_error_function(cfg, on_error);            /* there was none */
        (void)cfg_set_validate_func(cfg, "keyset", on_section); /* there was none */
        begin_section(parse);
        result = cfg_parse_buf(cfg, text);
        (void)cfg_free(cfg); /* resets the scanner too, which an error leaves in a string */
        current = NULL;
    }
    if (result == CFG_SUCCESS && !parse->has_failed)
        return true;
    return parse->has_failed ? false : err_set(parse->err, "%s: no memory", parse->file);
}

bool
config_parse(struct config *config, const char *file, char *text, size_t len, struct err *err)
{
    struct parse parse = {.file = file, .err = err};
    bool ok = config_text_clean(&parse.sections, file, text, len, err) && run(&parse, text);

    if (ok && parse.config.count == 0)
        ok = err_set(err, "%s:1: no keyset: write at least keyset \"default\" { }", file);
    if (ok)
        *config = parse.config;
    else
        config_free(&parse.config);
    return ok;
}

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
    free(config->keysets);
    *config = (struct config){0};
}
