/* see sys.h: entropy, and what names this process */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "sys/sys.h"

#define RANDOM_CHUNK 256U /* up to so many bytes come whole or not at all: getrandom(2) */

bool
sys_random(void *out, size_t len)
{
    int saved = errno;
    uint8_t *at = out;

    while (len > 0) {
        size_t want = len < RANDOM_CHUNK ? len : RANDOM_CHUNK;
        ssize_t got = getrandom(at, want, GRND_NONBLOCK);

        if (got < 0 && errno != EINTR)
            return false;
        if (got > 0) {
            at += got;
            len -= (size_t)got;
        }
    }
    errno = saved;
    return true;
}

uint64_t
sys_pid(void)
{
    return (uint64_t)getpid();
}

void
sys_program(uint8_t out[SYS_PROGRAM_LEN])
{
    char name[SYS_PROGRAM_LEN] = {0};

    (void)prctl(PR_GET_NAME, name); /* else it stays empty */
    memcpy(out, name, sizeof name);
}
