/* Datagrams that fail where fault.h says so. */
#include <sys/socket.h>

#include "fault_wrap.h"

WRAP(ssize_t, sendto,
     (int fd, const void *bytes, size_t len, int flags, const struct sockaddr *to,
      socklen_t to_len),
     (fd, bytes, len, flags, to, to_len), -1, ENETUNREACH)
WRAP(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags), -1,
     EAGAIN)
WRAP(int, recvmmsg,
     (int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout),
     (fd, messages, count, flags, timeout), -1, ENOMEM)
WRAP(unsigned, if_nametoindex, (const char *name), (name), 0, ENODEV)
