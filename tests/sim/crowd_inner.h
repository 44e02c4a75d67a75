/* crowd_inner.h - between crowd.c and crowd_net.c. */
#ifndef TESTS_SIM_CROWD_INNER_H
#define TESTS_SIM_CROWD_INNER_H

#include "crowd.h"
#include "keys_support.h"

/* The one that is at work. */
extern struct crowd *crowd_now;

/* Where a host has its socket. */
void crowd_address(char out[ADDRESS_TEXT_MAX], unsigned host);

/* What waits at a host. */
void crowd_forget(struct crowd_host *host);

#endif
