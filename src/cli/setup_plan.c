/* see setup_plan.h */
#include "cli/setup_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/setup_text.h"
#include "io/etc_file.h"
#include "io/file.h"

#define TEXT_MOST 65536U

/* What is to be done so that there is `text` at `path`. */
static bool
look(enum setup_action *action, const char *path, const char *text, struct err *err)
{
    char *there = NULL;
    size_t len = 0;
    enum file_read result = file_read(&there, &len, path, TEXT_MOST, err);
    bool is_ours = result == FILE_READ && setup_is_ours(there);

    if (result == FILE_ABSENT)
        *action = text == NULL ? SETUP_KEEP : SETUP_WRITE;
    else if (is_ours && text != NULL)
        *action = strcmp(there, text) == 0 ? SETUP_KEEP : SETUP_WRITE;
    else if (is_ours)
        *action = SETUP_REMOVE;
    free(there);
    if (result == FILE_FAILED)
        return false;
    return result == FILE_ABSENT || is_ours ||
           err_set(err, "%s is there, and not by \"stekctl setup\": move it away first", path);
}

static bool
append(struct setup_plan *plan, const struct setup_file *file)
{
    struct setup_file *grown = realloc(plan->files, (plan->count + 1) * sizeof *grown);

    if (grown == NULL)
        return false;
    grown[plan->count++] = *file;
    plan->files = grown;
    return true;
}

/* Takes what is in `file`, and what was to be done does not depend on others. */
static bool
finish(struct setup_plan *plan, struct setup_file *file, bool ok, struct err *err)
{
    bool is_nothing = ok && file->text == NULL && file->action == SETUP_KEEP;

    if (ok && !is_nothing && append(plan, file))
        return true;
    free(file->path);
    free(file->text);
    return is_nothing || (ok && err_set(err, "no memory"));
}

bool
setup_plan_add(struct setup_plan *plan, const char *path, char *text, struct err *err)
{
    struct setup_file file = {.text = text};
    bool ok;

    if (asprintf(&file.path, "%s%s", plan->root, path) < 0) {
        free(text);
        return err_set(err, "no memory");
    }
    ok = look(&file.action, file.path, text, err);
    return finish(plan, &file, ok, err);
}

bool
setup_plan_link(struct setup_plan *plan, const char *path, const char *target, struct err *err)
{
    struct setup_file file = {.is_link = true, .text = target == NULL ? NULL : strdup(target)};
    char *there = NULL;
    bool ok;

    if ((target != NULL && file.text == NULL) ||
        asprintf(&file.path, "%s%s", plan->root, path) < 0) {
        free(file.text);
        return err_set(err, "no memory");
    }
    ok = etc_file_read_link(&there, file.path, err);
    if (ok && target == NULL)
        file.action = there == NULL ? SETUP_KEEP : SETUP_REMOVE;
    else if (ok)
        file.action = there != NULL && strcmp(there, target) == 0 ? SETUP_KEEP : SETUP_WRITE;
    free(there);
    return finish(plan, &file, ok, err);
}

static bool
carry_out_one(const struct setup_file *file, struct err *err)
{
    switch (file->action) {
    case SETUP_REMOVE: return file_remove(file->path, err);
    case SETUP_WRITE:
        return file->is_link ? etc_file_link(file->path, file->text, err)
                             : etc_file_write(file->path, file->text, err);
    case SETUP_KEEP: break;
    }
    return true;
}

bool
setup_plan_carry_out(const struct setup_plan *plan, struct err *err)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (!carry_out_one(&plan->files[i], err))
            return false;
    }
    return true;
}

bool
setup_plan_changes(const struct setup_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->files[i].action != SETUP_KEEP)
            return true;
    }
    return false;
}

void
setup_plan_free(struct setup_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        free(plan->files[i].path);
        free(plan->files[i].text);
    }
    free(plan->files);
    *plan = (struct setup_plan){.root = plan->root};
}
