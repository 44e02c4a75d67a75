/* see revoked_file.h */
#include "daemon/revoked_file.h"

#include <stdlib.h>

#include "daemon/revoked_text.h"
#include "io/disk.h"
#include "io/file.h"

/* What of it can be read holds, and the file is kept for who wants to know. */
static bool
set_damaged_aside(struct revoked_file *file, struct err *warning, const struct err *why,
                  struct err *err)
{
    const char *path = file->paths->revoked;

    if (!disk_set_aside(path, err))
        return err_add(err, "%s", why->text);
    file->is_unsaved = true;
    (void)err_set(warning,
                  "%s: %s: what else was revoked holds, and this file is %s.bad now; if nobody "
                  "changed it, the disk did, and stekctl revoke --all is safe",
                  path, why->text, path); /* always false */
    return true;
}

/* False, with the reason in `err`, where there is one that cannot be read. */
static bool
load(struct revoked_file *file, struct err *warning, struct err *err)
{
    const char *path = file->paths->revoked;
    char *text = NULL;
    size_t len = 0;
    enum revoked_text verdict;
    bool is_new = false;
    struct err why = {""};
    KEYSET(found);

    switch (file_read(&text, &len, path, REVOKED_TEXT_MAX, err)) {
    case FILE_ABSENT: return true;
    case FILE_READ: break;
    case FILE_FAILED:
    default: return err_add(err, "what was revoked is not known");
    }
    verdict = revoked_decode(&found, text, len, &why);
    free(text);
    if (verdict == REVOKED_FAILED)
        return err_set(err, "%s: %s", path, why.text);
    if (!revoked_add(&file->kept, &is_new, &found, err))
        return err_add(err, "%s", path);
    return verdict == REVOKED_WHOLE || set_damaged_aside(file, warning, &why, err);
}

void
revoked_file_open(struct revoked_file *file, struct err *warning, const struct farm_paths *paths)
{
    struct err err = {""};

    *file = (struct revoked_file){.paths = paths};
    keyset_init(&file->kept);
    warning->text[0] = '\0';
    file->is_unread = !load(file, warning, &err); /* it is tried again, and told then */
}

void
revoked_file_close(struct revoked_file *file)
{
    keyset_free(&file->kept);
}

bool
revoked_file_hold(struct revoked_file *file, struct keyset *set, uint64_t now_ms, struct err *err)
{
    struct err unread = {""}, left_out = {""};

    if (file->is_unread)
        file->is_unread = !load(file, &unread, &unread);     /* a warning is told this once */
    (void)keyset_merge(set, &file->kept, now_ms, &left_out); /* which tells */
    if (unread.text[0] != '\0')
        return err_set(err, "%s", unread.text);
    return left_out.text[0] == '\0' ||
           err_set(err, "%s does not hold yet: %s", file->paths->revoked, left_out.text);
}

static bool
save(struct revoked_file *file, struct err *err)
{
    const char *path = file->paths->revoked;
    size_t len;
    char *text;
    bool done;

    if (file->kept.revocation_count == 0 && file->kept.mark.until == 0)
        return disk_destroy(path, err);
    text = revoked_encode(&len, &file->kept);
    if (text == NULL)
        return err_set(err, "%s: no memory", path);
    done = farm_file_put(file->paths, path, text, len, err);
    free(text);
    return done;
}

bool
revoked_file_keep(struct revoked_file *file, const struct keyset *set, uint64_t now_ms,
                  struct err *err)
{
    if (file->is_unread)
        return err_set(err, "what is revoked is not saved: %s could not be read",
                       file->paths->revoked);
    file->is_unsaved |= keyset_expire(&file->kept, now_ms);
    if (!revoked_add(&file->kept, &file->is_unsaved, set, err) ||
        (file->is_unsaved && !save(file, err)))
        return err_add(err, "what is revoked is not saved");
    file->is_unsaved = false;
    return true;
}

void
revoked_file_shift(struct revoked_file *file, const struct mark *mark, int64_t by_s,
                   uint64_t now_ms)
{
    struct mark *kept = &file->kept.mark;

    if (kept->until == 0 || kept->made_ms != mark->made_ms)
        return; /* told by another clock: that of a time when the file was written */
    keyset_shift_own(&file->kept, 0, by_s, true, now_ms);
    file->is_unsaved = true;
}
