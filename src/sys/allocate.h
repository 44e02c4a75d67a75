/* allocate.h - inside sys: room for a file of which a full disk, or a limit, must kill nobody. */
#ifndef SYS_ALLOCATE_H
#define SYS_ALLOCATE_H

#include <stdbool.h>
#include <stddef.h>

/* Give the first `len` bytes of an open file room on its file system; it grows to them. False with
 * errno: EFBIG where RLIMIT_FSIZE forbids it, for which the system would send SIGXFSZ. */
bool allocate_file(int fd, size_t len);

#endif
