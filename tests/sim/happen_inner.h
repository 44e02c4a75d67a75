/* happen_inner.h - between happen.c and orders.c. */
#ifndef TESTS_SIM_HAPPEN_INNER_H
#define TESTS_SIM_HAPPEN_INNER_H

#include "happen.h"

/* Any host that runs, or any that does not; NULL if there is none. */
struct host *happen_any(struct world *world, bool runs);

/* Over the control socket of any host. */
bool order_rotate(struct world *world);
bool order_revoke_all(struct world *world);
bool order_revoke_names(struct world *world);

#endif
