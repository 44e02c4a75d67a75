/* sandbox_support.h - nobody leaves a sandbox again: so each case runs in a child. Nothing here
 * asserts. */
#ifndef TESTS_SANDBOX_SUPPORT_H
#define TESTS_SANDBOX_SUPPORT_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENTRY_FAILED 100 /* exit statuses of children; below: what the case returned */

typedef int case_fn(void);

/* Run `body` in a child that went through `enter`; its exit status, or 128 + signal. */
static inline int
run_inside(bool (*enter)(void), case_fn *body)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        if (!enter())
            _exit(ENTRY_FAILED);
        _exit(body());
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static inline int
is_error(long result, int number)
{
    return result == -1 && errno == number ? 0 : 1;
}

static inline int
run_program(void)
{
    char *const argv[] = {(char[]){"true"}, NULL};

    (void)execv("/bin/true", argv);
    return 2;
}

#endif
