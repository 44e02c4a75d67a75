/* join_inner.h - between join.c, join_request.c and join_keep.c: the bytes of a request. */
#ifndef SHARE_JOIN_INNER_H
#define SHARE_JOIN_INNER_H

#include "share/join.h"

#define JOIN_REQUEST_MAX (CRYPT_PUBLIC_LEN + 8 + 8 + 1 + RECORD_KEYSET_MAX + 1 + STATUS_TEXT_MAX)

/* Returns their number. */
size_t join_request_write(uint8_t out[JOIN_REQUEST_MAX], const struct join_request *request);

/* All that is left to read is a request. Whether it has expired is not looked at. */
bool join_request_read(struct join_request *out, struct reader *r, struct err *err);

#endif
