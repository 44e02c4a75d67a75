/* see process.h */
#include "io/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

uid_t
process_uid(void)
{
    return geteuid();
}

pid_t
process_pid(void)
{
    return getpid();
}

char *
process_host_name(char *out, size_t size)
{
    struct utsname host;

    (void)snprintf(out, size, "%s", uname(&host) == 0 ? host.nodename : ""); /* cut, on purpose */
    return out;
}

bool
process_keep_standard(struct err *err)
{
    for (int fd = 0; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        if (open("/dev/null", O_RDWR) != fd) /* the lowest that is free */
            return err_errno(err, "/dev/null");
    }
    return true;
}

/* With a finite limit, MCL_FUTURE would make some later mapping fail: then none is locked. Pages
 * are locked as they are touched, so that nothing is read in for it. */
static void
lock_memory(void)
{
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};

    (void)setrlimit(RLIMIT_MEMLOCK, &limit); /* root may; others keep what they have */
    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY)
        (void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT); /* best effort */
}

static void
raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= PROCESS_FDS)
        return;
    limit.rlim_cur = limit.rlim_max < PROCESS_FDS ? limit.rlim_max : PROCESS_FDS;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* best effort */
}

bool
process_harden(struct err *err)
{
    const struct rlimit none = {0, 0};

    if (prctl(PR_SET_DUMPABLE, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
        return err_errno(err, "core dumps cannot be switched off");
    lock_memory();
    raise_descriptors();
    (void)umask(077); /* cannot fail */
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
        return err_errno(err, "SIGPIPE and SIGXFSZ cannot be ignored");
    return process_outlive_cut_files(err);
}

/* In the parent: ends it. */
static void
await_ready(int fd, pid_t child)
{
    char byte;
    int status = 0;
    ssize_t got;

    do {
        got = read(fd, &byte, 1);
    } while (got < 0 && errno == EINTR);
    if (got == 1)
        _exit(0);
    (void)waitpid(child, &status, 0); /* it ended, or it would have the other end of the pipe */
    _exit(WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : 1);
}

bool
process_detach(int *ready_fd, struct err *err)
{
    int ends[2];
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_errno(err, "pipe");
    child = fork();
    if (child < 0) {
        (void)close(ends[0]);
        (void)close(ends[1]);
        return err_errno(err, "fork");
    }
    if (child > 0) {
        (void)close(ends[1]);
        await_ready(ends[0], child);
    }
    (void)close(ends[0]);
    (void)setsid(); /* a fresh child leads no group: cannot fail */
    lock_memory();  /* not inherited */
    *ready_fd = ends[1];
    return true;
}

void
process_ready(int *ready_fd)
{
    int null;

    if (*ready_fd < 0)
        return;
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; null >= 0 && fd <= 2; fd++)
        (void)dup2(null, fd);
    if (null > 2)
        (void)close(null);
    (void)!chdir("/"); /* where it fails we only hold a folder longer */
    (void)!write(*ready_fd, "r", 1);
    (void)close(*ready_fd);
    *ready_fd = -1;
}

bool
group_find(gid_t *group, const char *name)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the daemon has one thread */
    struct group *found = getgrnam(name);

    if (found == NULL)
        return false;
    *group = found->gr_gid;
    return true;
}
