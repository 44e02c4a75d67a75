/* see setup_plan.h: what is done, and what is left for the operator */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/setup_plan.h"

#define DROP_IN_END "/50-stekctl-setup.conf"

static const char *
verb(enum setup_action action)
{
    switch (action) {
    case SETUP_WRITE: return "write";
    case SETUP_REMOVE: return "remove";
    case SETUP_KEEP: break;
    }
    return "keep";
}

static bool
ends(const char *text, const char *with)
{
    size_t len = strlen(text), with_len = strlen(with);

    return len >= with_len && strcmp(text + len - with_len, with) == 0;
}

/* What to type so that this change counts; "" if nothing. */
static void
next_of(char *line, size_t size, const struct setup_file *file)
{
    const char *name = strrchr(file->path, '/') + 1;

    line[0] = '\0';
    if (file->action == SETUP_KEEP || file->is_link)
        return;
    if (ends(file->path, DROP_IN_END))
        (void)snprintf(line, size, "systemctl restart stekd"); /* all of these are cut to fit */
    else if (ends(name, ".path"))
        (void)snprintf(line, size, "systemctl %s %s",
                       file->action == SETUP_WRITE ? "restart" : "stop", name);
}

/* Each line of the text, moved to the right. */
static void
print_text(FILE *out, const char *text)
{
    for (const char *at = text; *at != '\0';) {
        size_t len = strcspn(at, "\n");

        (void)fprintf(out, "        %.*s\n", (int)len, at);
        at += len + (at[len] == '\n');
    }
}

static void
print_next(const struct cli *cli, const struct setup_plan *plan)
{
    char line[512];

    (void)fprintf(cli->out, "next:\n        systemctl daemon-reload\n");
    for (size_t i = 0; i < plan->count; i++) {
        next_of(line, sizeof line, &plan->files[i]);
        if (line[0] != '\0')
            (void)fprintf(cli->out, "        %s\n", line);
    }
}

static bool
print_json(const struct cli *cli, const struct setup_plan *plan)
{
    json_t *files = json_array(), *next = json_array();
    json_t *root = json_pack("{s:o?, s:o?}", "files", files, "next", next);
    char line[512];
    bool ok = root != NULL && files != NULL && next != NULL;

    if (ok && setup_plan_changes(plan))
        ok = json_array_append_new(next, json_string("systemctl daemon-reload")) == 0;
    for (size_t i = 0; ok && i < plan->count; i++) {
        const struct setup_file *file = &plan->files[i];

        ok =
            json_array_append_new(files, json_pack("{s:s, s:s, s:s?}", "path", file->path, "action",
                                                   verb(file->action), "text", file->text)) == 0;
        next_of(line, sizeof line, file);
        if (ok && line[0] != '\0')
            ok = json_array_append_new(next, json_string(line)) == 0;
    }
    ok = ok && json_dumpf(root, cli->out, JSON_INDENT(2)) == 0 && fputc('\n', cli->out) != EOF;
    json_decref(root);
    return ok;
}

bool
setup_print(const struct cli *cli, const struct setup_plan *plan)
{
    if (cli->json)
        return print_json(cli, plan);
    for (size_t i = 0; i < plan->count; i++) {
        const struct setup_file *file = &plan->files[i];

        (void)fprintf(cli->out, "%-7s %s%s%s\n", verb(file->action), file->path,
                      file->is_link && file->text != NULL ? " -> " : "",
                      file->is_link && file->text != NULL ? file->text : "");
        if (cli->dry_run && !file->is_link && file->action == SETUP_WRITE)
            print_text(cli->out, file->text);
    }
    if (!setup_plan_changes(plan))
        (void)fprintf(cli->out, "nothing to change\n");
    else if (plan->root[0] == '\0')
        print_next(cli, plan);
    return true;
}
