/* orders.h - random things that happen to a stekd, each with what must come of it. */
#ifndef TESTS_MODEL_ORDERS_H
#define TESTS_MODEL_ORDERS_H

#include "drive.h"

/* Over the control socket. */
bool order_rotate(struct drive *drive);
bool order_revoke_all(struct drive *drive);
bool order_revoke_names(struct drive *drive);
bool order_refused(struct drive *drive); /* what is refused whoever asks, and a stranger's orders */
bool order_look(struct drive *drive);

/* To its life. */
bool happen_time(struct drive *drive);
bool happen_reload(struct drive *drive);
bool happen_bad_reload(struct drive *drive);
bool happen_restart(struct drive *drive);
bool happen_clock(struct drive *drive);
bool happen_source(struct drive *drive);

/* All that is there at the moment, to tell whether anything changed. */
uint64_t order_fingerprint(const struct drive *drive);

#endif
