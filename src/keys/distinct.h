/* distinct.h - whether many secrets are all different, without a look at each pair. For keyset*.c.
 *
 * A secret's first 8 bytes stand for it: of good secrets no two begin alike, or once in 2^33 sets
 * of the largest size. Marks are secret, so they live in a struct secret_buf. */
#ifndef KEYS_DISTINCT_H
#define KEYS_DISTINCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"

uint64_t distinct_mark(const struct secret *secret);

/* Sort the marks; true if all are different. Which comparisons are made, and what memory is read
 * and written, depends on how many there are alone. */
bool distinct_marks(uint64_t *marks, size_t count);

#endif
