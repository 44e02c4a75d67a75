/* All engines; see engine.h. */
#include <stddef.h>

#include "share/engine.h"

const struct engine_kind *const engine_kinds[] = {
    &engine_directory,
#ifdef STEK_ETCD
    &engine_etcd,
#endif
    &engine_peers,
    NULL,
};
