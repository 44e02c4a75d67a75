/* see source.h */
#include <stddef.h>

#include "source/source.h"

const struct source_kind *const source_kinds[] = {&source_random, NULL};
