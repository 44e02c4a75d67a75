/* see sys.h: what tells the clock of ring times from any other */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "sys/sys.h"

#define UUID_LEN 36U
#define OFFSETS_MAX 256U /* two short lines: time_namespaces(7) */

/* Up to `cap` bytes of a file of the kernel's; -1 with errno. */
static ssize_t
read_proc(char *out, size_t cap, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t got;

    if (fd < 0)
        return -1;
    got = read(fd, out, cap);
    (void)close(fd); /* was only read */
    return got;
}

/* By how many seconds a time namespace shifts CLOCK_BOOTTIME for us; 0 where there is none. */
static int64_t
boot_shift_s(void)
{
    static const char word[] = "boottime";
    char text[OFFSETS_MAX + 1];
    ssize_t len = read_proc(text, OFFSETS_MAX, "/proc/self/timens_offsets");
    const char *line;

    if (len < 0) /* before Linux 5.6 there are no such namespaces */
        return 0;
    text[len] = '\0';
    line = strstr(text, word);
    return line == NULL ? 0 : strtoll(line + sizeof word - 1, NULL, 10);
}

bool
sys_boot_id(uint8_t out[SYS_BOOT_ID_LEN])
{
    int saved = errno;
    char uuid[UUID_LEN], digits[2 * SYS_BOOT_ID_LEN];
    uint64_t shift_s = (uint64_t)boot_shift_s(), half;
    size_t count = 0;

    if (read_proc(uuid, sizeof uuid, "/proc/sys/kernel/random/boot_id") != (ssize_t)sizeof uuid)
        return false;
    for (size_t i = 0; i < sizeof uuid && count < sizeof digits; i++)
        if (uuid[i] != '-')
            digits[count++] = uuid[i];
    if (!hex_decode(out, SYS_BOOT_ID_LEN, digits, count))
        return false;
    memcpy(&half, out, sizeof half);
    half ^= shift_s;
    memcpy(out, &half, sizeof half);
    errno = saved;
    return true;
}
