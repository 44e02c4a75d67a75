/* see sandbox.h; on Landlock, landlock(7) */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/sandbox.h"

#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

/* What each version of it knows of writing; later ones add what we do not use. */
static uint64_t
writing(long version)
{
    uint64_t rights =
        LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
        LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
        LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
        LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

    if (version >= 2)
        rights |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3)
        rights |= LANDLOCK_ACCESS_FS_TRUNCATE;
    return rights;
}

static bool
allow(int ruleset, uint64_t rights, const char *folder, struct err *err)
{
    struct landlock_path_beneath_attr beneath = {.allowed_access = rights};
    bool ok;

    beneath.parent_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (beneath.parent_fd < 0)
        return errno == ENOENT || err_errno(err, "%s", folder);
    ok = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0 ||
         err_errno(err, "%s", folder);
    (void)close(beneath.parent_fd); /* O_PATH: nothing can be lost */
    return ok;
}

bool
sandbox_confine_writes(const char *const *folders, size_t count, struct err *err)
{
    struct landlock_ruleset_attr attr = {0};
    long version =
        syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);
    int ruleset = -1;
    bool ok = version > 0;

    if (ok) {
        attr.handled_access_fs = writing(version);
        ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
        ok = ruleset >= 0;
    }
    if (!ok)
        return err_errno(err, "writes are not confined to some folders: Landlock");
    for (size_t i = 0; ok && i < count; i++)
        ok = allow(ruleset, attr.handled_access_fs & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE,
                   folders[i], err);
    if (ok && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
               syscall(SYS_landlock_restrict_self, ruleset, 0) != 0))
        ok = err_errno(err, "writes are not confined to some folders: Landlock");
    (void)close(ruleset); /* is in force, or is not */
    return ok;
}
