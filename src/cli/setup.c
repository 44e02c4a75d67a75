/* stekctl setup: what systemd needs beyond the unit for this configuration, and units that reload
 * servers which take their keys from files. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/setup_plan.h"
#include "cli/setup_text.h"
#include "config/config.h"
#include "io/file.h"

#define FOLDER "/etc/systemd/system"
#define DROP_IN FOLDER "/stekd.service.d/50-stekctl-setup.conf"
#define PATH_SUFFIX ".path"
#define UNIT_MOST 65536U
#define RELOADS_MAX 1024U

struct setup {
    const struct cli *cli;
    struct config config;
    struct setup_plan plan;
    struct setup_reload reloads[RELOADS_MAX]; /* that there are, and are asked for */
    size_t reload_count;
    struct setup_reload asked; /* --reload; "" if not */
};

static bool
same(const struct setup_reload *a, const struct setup_reload *b)
{
    return strcmp(a->keyset, b->keyset) == 0 && strcmp(a->server, b->server) == 0;
}

/* A unit of ours that was there before. */
static bool
note_reload(void *arg, const char *name)
{
    struct setup *setup = arg;
    size_t len = strlen(name), suffix = sizeof PATH_SUFFIX - 1;
    struct setup_reload *next = &setup->reloads[setup->reload_count];
    char *path = NULL, *text = NULL;
    size_t text_len;

    if (strncmp(name, "stek-reload-", 12) != 0 || len <= suffix ||
        strcmp(name + len - suffix, PATH_SUFFIX) != 0 || setup->reload_count == RELOADS_MAX - 1)
        return true;
    if (asprintf(&path, "%s" FOLDER "/%s", setup->plan.root, name) < 0)
        return true;
    if (file_read(&text, &text_len, path, UNIT_MOST, NULL) == FILE_READ &&
        setup_reload_read(next, text))
        setup->reload_count++;
    free(text);
    free(path);
    return true;
}

static bool
find_reloads(struct setup *setup, struct err *err)
{
    char *folder = NULL;
    bool ok;

    if (asprintf(&folder, "%s" FOLDER, setup->plan.root) < 0)
        return err_set(err, "no memory");
    errno = 0;
    ok = dir_list(folder, note_reload, setup, err) || errno == ENOENT;
    free(folder);
    return ok;
}

/* --reload, and for which keyset. */
static bool
ask_reload(struct setup *setup, struct err *err)
{
    const struct cli *cli = setup->cli;
    const char *keyset = cli->keyset;

    if (keyset == NULL && setup->config.count == 1)
        keyset = setup->config.keysets[0].name;
    if (keyset == NULL)
        return err_set(err, "there are several keysets: say with -k which one %s serves",
                       cli->reload);
    if (!cli->remove && config_find(&setup->config, keyset) == NULL)
        return err_set(err, "there is no keyset \"%s\" in the configuration", keyset);
    if (!setup_reload_set(&setup->asked, keyset, cli->reload))
        return err_set(err, "--reload: \"%.40s\" cannot name a service", cli->reload);
    for (size_t i = 0; i < setup->reload_count; i++) {
        if (same(&setup->reloads[i], &setup->asked))
            return true;
    }
    if (!cli->remove)
        setup->reloads[setup->reload_count++] = setup->asked; /* one is free: RELOADS_MAX */
    return true;
}

static bool
is_wanted(const struct setup *setup, const struct setup_reload *reload)
{
    if (config_find(&setup->config, reload->keyset) == NULL)
        return false;
    return !setup->cli->remove || (setup->cli->reload != NULL && !same(reload, &setup->asked));
}

static bool
plan_reload(struct setup *setup, const struct setup_reload *reload, struct err *err)
{
    bool wanted = is_wanted(setup, reload);
    char name[SETUP_NAME_MAX], path[sizeof FOLDER + sizeof name + 64], target[sizeof name + 16];
    char *watch = wanted ? setup_path_unit(reload) : NULL;
    char *reloading = wanted ? setup_service_unit(reload) : NULL;
    bool ok;

    if (wanted && (watch == NULL || reloading == NULL)) {
        free(watch);
        free(reloading);
        return err_set(err, "no memory");
    }
    (void)setup_reload_name(name, reload);
    (void)snprintf(path, sizeof path, FOLDER "/%s.service", name); /* all of these fit */
    ok = setup_plan_add(&setup->plan, path, reloading, err);
    (void)snprintf(path, sizeof path, FOLDER "/%s" PATH_SUFFIX, name);
    ok = setup_plan_add(&setup->plan, path, watch, ok ? err : NULL) && ok;
    (void)snprintf(path, sizeof path, FOLDER "/multi-user.target.wants/%s" PATH_SUFFIX, name);
    (void)snprintf(target, sizeof target, "../%s" PATH_SUFFIX, name);
    return ok && setup_plan_link(&setup->plan, path, wanted ? target : NULL, err);
}

static bool
make_plan(struct setup *setup, struct err *err)
{
    bool wants_none = setup->cli->remove && setup->cli->reload == NULL;
    char *drop_in = wants_none ? NULL : setup_drop_in(&setup->config);

    if (!wants_none && drop_in == NULL)
        return err_set(err, "no memory");
    if (drop_in != NULL && drop_in[0] == '\0') {
        free(drop_in);
        drop_in = NULL;
    }
    if (!setup_plan_add(&setup->plan, DROP_IN, drop_in, err))
        return false;
    for (size_t i = 0; i < setup->reload_count; i++) {
        if (!plan_reload(setup, &setup->reloads[i], err))
            return false;
    }
    return true;
}

static bool
load(struct setup *setup, struct err *err)
{
    char *path = NULL;
    bool ok;

    if (setup->cli->config_path != NULL)
        return config_load(&setup->config, setup->cli->config_path, false, err);
    if (asprintf(&path, "%s" CONFIG_PATH, setup->plan.root) < 0)
        return err_set(err, "no memory");
    ok = config_load(&setup->config, path, true, err);
    free(path);
    return ok;
}

static enum cli_result
run(struct setup *setup, struct err *err)
{
    const struct cli *cli = setup->cli;

    if (!load(setup, err) || !find_reloads(setup, err))
        return CLI_FAILED;
    if (cli->reload != NULL && !ask_reload(setup, err))
        return CLI_USAGE;
    if (!make_plan(setup, err) || (!cli->dry_run && !setup_plan_carry_out(&setup->plan, err)))
        return CLI_FAILED;
    if (!setup_print(cli, &setup->plan))
        return err_set(err, "no memory to print what was done") ? CLI_DONE : CLI_FAILED;
    return CLI_DONE;
}

enum cli_result
setup_run(const struct cli *cli, struct err *err)
{
    struct setup *setup = calloc(1, sizeof *setup);
    enum cli_result result;

    if (setup == NULL) {
        (void)err_set(err, "no memory"); /* always false */
        return CLI_FAILED;
    }
    setup->cli = cli;
    setup->plan.root = cli->root == NULL ? "" : cli->root;
    result = run(setup, err);
    setup_plan_free(&setup->plan);
    config_free(&setup->config);
    free(setup);
    return result;
}
