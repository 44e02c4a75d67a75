/* see whole.h */
#include "io/whole.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

ssize_t
whole_read(int fd, void *out, size_t cap)
{
    size_t len = 0;

    while (len < cap) {
        ssize_t got = read(fd, (uint8_t *)out + len, cap - len);

        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            return -1;
        len += got > 0 ? (size_t)got : 0;
    }
    return (ssize_t)len;
}

bool
whole_write(int fd, const void *bytes, size_t len)
{
    size_t at = 0;

    while (at < len) {
        ssize_t put = pwrite(fd, (const uint8_t *)bytes + at, len - at, (off_t)at);

        if (put < 0 && errno != EINTR)
            return false;
        at += put > 0 ? (size_t)put : 0;
    }
    return true;
}
