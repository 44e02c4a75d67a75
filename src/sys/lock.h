/* lock.h - a lock in shared memory, among processes and threads. Nobody ever waits for it, and who
 * dies with it in hand leaves it to the next. */
#ifndef SYS_LOCK_H
#define SYS_LOCK_H

#include <pthread.h>
#include <stdbool.h>

struct sys_lock {
    pthread_mutex_t mutex;
};

enum sys_lock_got {
    SYS_LOCK_TAKEN,
    SYS_LOCK_LEFT, /* taken, from one that died: what it was at may be half done */
    SYS_LOCK_BUSY
};

/* In memory that is shared, once, before anybody else sees it. False with errno. */
bool sys_lock_init(struct sys_lock *lock);

enum sys_lock_got sys_lock_try(struct sys_lock *lock);

/* To be called by the thread that took it. One taken as SYS_LOCK_LEFT counts as mended. */
void sys_lock_release(struct sys_lock *lock, enum sys_lock_got got);

/* Let others run that may hold a lock. */
void sys_yield(void);

#endif
