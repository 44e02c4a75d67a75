/* see sys.h: entropy, and what names this boot and this process */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/hex.h"
#include "sys/sys.h"

#define RANDOM_CHUNK 256U /* up to so many bytes come whole or not at all: getrandom(2) */
#define UUID_LEN 36U

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

static bool
read_boot_uuid(char out[UUID_LEN])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t got;

    if (fd < 0)
        return false;
    got = read(fd, out, UUID_LEN);
    (void)close(fd); /* was only read */
    return got == (ssize_t)UUID_LEN;
}

bool
sys_boot_id(uint8_t out[SYS_BOOT_ID_LEN])
{
    int saved = errno;
    char uuid[UUID_LEN], digits[2 * SYS_BOOT_ID_LEN];
    size_t count = 0;

    if (!read_boot_uuid(uuid))
        return false;
    for (size_t i = 0; i < sizeof uuid && count < sizeof digits; i++)
        if (uuid[i] != '-')
            digits[count++] = uuid[i];
    if (!hex_decode(out, SYS_BOOT_ID_LEN, digits, count))
        return false;
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
