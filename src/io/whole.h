/* whole.h - all bytes of a descriptor, though read(2) and pwrite(2) may do with a part. */
#ifndef IO_WHOLE_H
#define IO_WHOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* From where it stands to its end, up to `cap` bytes; -1 with errno. */
ssize_t whole_read(int fd, void *out, size_t cap);

/* From its beginning; false with errno. */
bool whole_write(int fd, const void *bytes, size_t len);

#endif
