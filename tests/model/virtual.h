/* virtual.h - the clocks and the randomness of a whole daemon, in the test's hand: the linker puts
 * them in the place of those of sys/ and io/ (--wrap). */
#ifndef TESTS_MODEL_VIRTUAL_H
#define TESTS_MODEL_VIRTUAL_H

#include <stdbool.h>
#include <stdint.h>

struct virtual_system {
    uint64_t boot_ms, wall_ms;
    uint64_t slept_ms;     /* of boot_ms, while the machine slept: timers do not count it */
    uint64_t boots;        /* names this boot, where sys_boot_id() is wrapped, too */
    uint64_t rng;          /* what keys are made of */
    bool is_source_broken; /* nothing comes from the source of keys */
};

extern struct virtual_system virtual_system;

#endif
