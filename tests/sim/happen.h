/* happen.h - what befalls the hosts of a world, at random. Each returns false where something is
 * wrong with what came of it. */
#ifndef TESTS_SIM_HAPPEN_H
#define TESTS_SIM_HAPPEN_H

#include "world.h"

struct happening {
    const char *name;
    unsigned weight; /* how often, among all */
    bool (*happen)(struct world *world);
};

/* Ended by one without a name. */
extern const struct happening happenings[];

/* One of them. */
const struct happening *happen_choose(struct world *world);

/* Nothing is broken any more: all hosts run, nothing is cut or lost. Then all must agree soon. */
bool happen_quiet(struct world *world);

/* A further host joins, and starts. */
bool happen_join(struct world *world);

/* Put the farm secret of the world, or what another host made of it, where a host looks for it. */
bool farm_deploy(struct host *host);

#endif
