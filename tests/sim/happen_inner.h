/* happen_inner.h - between happen.c, orders.c and settings.c. */
#ifndef TESTS_SIM_HAPPEN_INNER_H
#define TESTS_SIM_HAPPEN_INNER_H

#include "happen.h"

/* Any host that runs, or any that does not; NULL if there is none. */
struct host *happen_any(struct world *world, bool runs);

#define AHEAD_MAX_MS 240000U /* of a wall clock that is not wrong: less than half of KEY_SKEW_MS */

/* How far a clock is out that is not wrong. Two are less than half of the time apart that is waited
 * for a confirmation: a host whose clock is ahead of its maker's by all of it would seal with an
 * ordered key that it just learnt. */
int64_t happen_error(struct world *world, uint64_t most_ms);

/* settings.c */
bool setting_policy(struct world *world);
bool setting_reload(struct world *world);
bool setting_rekey(struct world *world);
bool setting_source(struct world *world);
bool setting_clock(struct world *world);

/* All is set right, and read. */
bool settings_mend(struct world *world);

/* Over the control socket of any host. */
bool order_rotate(struct world *world);
bool order_revoke_all(struct world *world);
bool order_revoke_names(struct world *world);

#endif
