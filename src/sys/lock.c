/* see lock.h */
#include "sys/lock.h"

#include <errno.h>
#include <sched.h>

bool
sys_lock_init(struct sys_lock *lock)
{
    pthread_mutexattr_t attr;
    int failed = pthread_mutexattr_init(&attr);

    if (failed == 0) {
        failed = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
        if (failed == 0)
            failed = pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
        if (failed == 0)
            failed = pthread_mutex_init(&lock->mutex, &attr);
        (void)pthread_mutexattr_destroy(&attr); /* of one that was made */
    }
    if (failed != 0)
        errno = failed;
    return failed == 0;
}

enum sys_lock_got
sys_lock_try(struct sys_lock *lock)
{
    switch (pthread_mutex_trylock(&lock->mutex)) {
    case 0: return SYS_LOCK_TAKEN;
    case EOWNERDEAD: return SYS_LOCK_LEFT;
    default: return SYS_LOCK_BUSY;
    }
}

void
sys_lock_release(struct sys_lock *lock, enum sys_lock_got got)
{
    if (got == SYS_LOCK_LEFT)
        (void)pthread_mutex_consistent(&lock->mutex); /* ours, and left: nothing can be wrong */
    (void)pthread_mutex_unlock(&lock->mutex);         /* ours */
}

void
sys_yield(void)
{
    (void)sched_yield(); /* never fails on Linux */
}
