/* A server that makes a context, then another one in an unprivileged process whose sandbox forbids
 * files. Prints "made", or what became of that process. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <openssl/ssl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

#define FORBID(number) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

static int
enter_sandbox(void)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        FORBID(SYS_openat),
        FORBID(SYS_statx),
#ifdef SYS_newfstatat
        FORBID(SYS_newfstatat),
#endif
#ifdef SYS_open
        FORBID(SYS_open),
        FORBID(SYS_stat),
        FORBID(SYS_lstat),
#endif
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof rules / sizeof rules[0], rules};

    if (geteuid() == 0 &&
        (setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0))
        return 0;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

int
main(void)
{
    int status = 0;
    pid_t child;

    if (SSL_CTX_new(TLS_server_method()) == NULL) /* goes with the process, as does the next */
        return 1;
    child = fork();
    if (child == 0) {
        if (!enter_sandbox())
            _exit(2);
        _exit(SSL_CTX_new(TLS_server_method()) == NULL ? 3 : 0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return 1;
    if (WIFSIGNALED(status))
        printf("ended by %s\n", strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 0)
        printf("failed with %d\n", WEXITSTATUS(status));
    else
        (void)puts("made"); /* a missing line is seen */
    return 0;
}
