/* see entropy.h */
#include "io/entropy.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

bool
entropy_get(void *out, size_t len, struct err *err)
{
    uint8_t *at = out;

    while (len > 0) {
        ssize_t got = getrandom(at, len, GRND_NONBLOCK);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return err_errno(err, "no random bytes from the kernel");
        at += got;
        len -= (size_t)got;
    }
    return true;
}
