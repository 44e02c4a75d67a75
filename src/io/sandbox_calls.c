/* see sandbox.h; on libseccomp */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/sandbox.h"

/* Whoever asks for one of these is not stekd any more. */
static const int fatal[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(pidfd_getfd),
};

#define CALL(name) SCMP_SYS(name)

#ifdef __s390x__
#define CLONE_FLAGS_AT 1
#else
#define CLONE_FLAGS_AT 0
#endif

/* One line a purpose. Calls that an architecture lacks are passed over. */
/* clang-format off */
static const int allowed[] = {
    /* memory */
    CALL(brk), CALL(munmap), CALL(mremap), CALL(madvise), /* malloc */
    CALL(mlock), CALL(mlock2), CALL(munlock), /* secrets, rings */

    /* files: what there is */
    CALL(access), CALL(faccessat), CALL(faccessat2), /* libc */
    CALL(stat), CALL(lstat), CALL(fstat), CALL(newfstatat), /* every open */
    CALL(stat64), CALL(lstat64), CALL(fstat64), CALL(fstatat64), /* the same, 32 bits */
    CALL(statx), /* the same, newer libc */
    CALL(statfs), CALL(statfs64), CALL(fstatfs), CALL(fstatfs64), /* tmpfs? procfs? */
    CALL(readlink), CALL(readlinkat), CALL(getcwd), /* paths made absolute */
    CALL(getdents), CALL(getdents64), /* counters, old rings */

    /* files: what is in them */
    CALL(open), CALL(openat), CALL(openat2), /* configuration, rings, records of hosts */
    CALL(close), CALL(close_range), /* the same */
    CALL(read), CALL(readv), CALL(pread64), CALL(preadv), /* counters, sockets */
    CALL(write), CALL(writev), CALL(pwrite64), CALL(pwritev), /* log, sockets */
    CALL(lseek), CALL(_llseek), /* stdio */
    CALL(dup), CALL(dup2), CALL(dup3), /* stdio, libraries */
    CALL(fcntl), CALL(fcntl64), CALL(flock), /* locks of rings */
    CALL(fallocate), CALL(ftruncate), CALL(ftruncate64), /* new rings */
    CALL(fsync), CALL(fdatasync), CALL(sync_file_range), /* what is to last */

    /* files: names, modes, owners; Landlock says where */
    CALL(mkdir), CALL(mkdirat), CALL(rmdir), CALL(umask), /* folders of counters */
    CALL(unlink), CALL(unlinkat), CALL(link), CALL(linkat), /* rings, socket */
    CALL(rename), CALL(renameat), CALL(renameat2), /* files that are replaced */
    CALL(getxattr), CALL(setxattr), CALL(removexattr), /* control socket: libacl */
    CALL(chmod), CALL(fchmod), CALL(fchmodat), /* modes of all these */
    CALL(chown), CALL(chown32), CALL(lchown), CALL(lchown32), /* their groups, ... */
    CALL(fchown), CALL(fchown32), CALL(fchownat), /* ... which it is in */

    /* waiting, and being told */
    CALL(epoll_create), CALL(epoll_create1), CALL(epoll_ctl), /* libevent */
    CALL(epoll_wait), CALL(epoll_pwait), CALL(epoll_pwait2), /* libevent */
    CALL(inotify_init1), CALL(inotify_add_watch), CALL(inotify_rm_watch), /* rings that go */
    CALL(poll), CALL(ppoll), CALL(ppoll_time64), /* name services */
    CALL(select), CALL(_newselect), CALL(pselect6), /* name services */
    CALL(pselect6_time64), /* name services */
    CALL(pipe), CALL(pipe2), CALL(eventfd2), /* libevent */
    CALL(timerfd_create), CALL(timerfd_settime), /* libevent, nss-systemd */
    CALL(timerfd_settime64), CALL(timerfd_gettime), /* the same */
    CALL(nanosleep), CALL(clock_nanosleep), CALL(clock_nanosleep_time64), /* libraries */
    CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn), /* SIGTERM, SIGHUP */
    CALL(sigreturn), CALL(sigaltstack), CALL(restart_syscall), /* the same */

    /* sockets: which kinds is said below */
    CALL(bind), CALL(listen), CALL(accept), CALL(accept4), /* control, metrics */
    CALL(connect), /* syslog, journal, nscd */
    CALL(getsockname), CALL(getpeername), CALL(getsockopt), /* who is at the other end */
    CALL(setsockopt), CALL(shutdown), /* libevent */
    CALL(recv), CALL(recvfrom), CALL(recvmsg), CALL(recvmmsg), /* name services, peers */
    CALL(send), CALL(sendto), CALL(sendmsg), CALL(sendmmsg), /* syslog, journal, manager, peers */

    /* time and chance */
    CALL(clock_gettime), CALL(clock_gettime64), CALL(gettimeofday), /* where no vDSO does it */
    CALL(clock_getres), CALL(clock_getres_time64), CALL(time), /* libevent */
    CALL(getrandom), /* keys */

    /* ourselves */
    CALL(getpid), CALL(gettid), CALL(getppid), /* log */
    CALL(getuid), CALL(geteuid), CALL(getgid), CALL(getegid), /* whose are files */
    CALL(getuid32), CALL(geteuid32), CALL(getgid32), CALL(getegid32), /* 32 bits */
    CALL(getgroups), CALL(getgroups32), CALL(getresuid), CALL(getresgid), /* name services */
    CALL(uname), CALL(sysinfo), CALL(getrusage), /* libraries */
    CALL(getrlimit), CALL(ugetrlimit), /* libraries */
    CALL(sched_yield), CALL(sched_getaffinity), CALL(getcpu), /* malloc, libcrypto */
    CALL(futex), CALL(futex_time64), CALL(membarrier), /* locks of libc */
    CALL(set_robust_list), CALL(get_robust_list), CALL(rseq), /* libc */
    CALL(exit), CALL(exit_group), /* the end */
};
/* clang-format on */

/* A thread of ours: libcurl resolves names in one. By the older clone alone, whose flags can be
 * seen here: clone3 fails, and libc goes that way. */
static bool
allow_threads(scmp_filter_ctx filter)
{
    const unsigned long thread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
    const struct scmp_arg_cmp flags = {CLONE_FLAGS_AT, SCMP_CMP_MASKED_EQ, thread, thread};

    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, flags) == 0;
}

/* The same, where an argument matters. */
static bool
allow_by_argument(scmp_filter_ctx filter)
{
    static const int maps[] = {SCMP_SYS(mmap), SCMP_SYS(mmap2)};
    static const int families[] = {AF_UNIX, AF_INET, AF_INET6};
    static const unsigned long controls[] = {FIONREAD, FIONBIO, TCGETS, /* libevent, stdio */
                                             SIOCGIFINDEX};             /* multicast */
    const unsigned long both = PROT_WRITE | PROT_EXEC;
    int failed = 0;

    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
        /* without PROT_EXEC; or with it, as modules of name services are, and never both */
        failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, maps[i], 1,
                                   SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
        failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, maps[i], 1,
                                   SCMP_A2(SCMP_CMP_MASKED_EQ, both, PROT_EXEC));
    }
    failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                               SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                                   SCMP_A0(SCMP_CMP_EQ, (unsigned)families[i]));
    }
    failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 1,
                               SCMP_A0(SCMP_CMP_EQ, AF_UNIX)); /* libevent */
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
        failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                   SCMP_A1(SCMP_CMP_EQ, controls[i]));
    /* abort(); and limits are read */
    failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                               SCMP_A0(SCMP_CMP_EQ, (unsigned)getpid()));
    failed |=
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A2(SCMP_CMP_EQ, 0));
    return failed == 0;
}

static bool
fill(scmp_filter_ctx filter)
{
    int failed = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        failed |= seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, fatal[i], 0);
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    return failed == 0 && allow_by_argument(filter) && allow_threads(filter);
}

bool
sandbox_filter_calls(struct err *err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int result = -ENOMEM;

    if (filter != NULL && fill(filter))
        result = seccomp_load(filter); /* no new privileges from here on, too */
    if (filter != NULL)
        seccomp_release(filter);
    errno = -result;
    return result == 0 || err_errno(err, "system calls are not filtered: libseccomp");
}
