/* loop_virtual.h - the loop of io/loop.h on virtual time (virtual.h): a second implementation,
 * which the linker finds first. Nothing passes by itself: whoever holds loops runs their timers. */
#ifndef TESTS_SIM_LOOP_VIRTUAL_H
#define TESTS_SIM_LOOP_VIRTUAL_H

#include "io/loop.h"

/* When the next timer is due, by the clock of loop_virtual_clock_ms(); UINT64_MAX: none is set. */
uint64_t loop_virtual_next_ms(const struct loop *loop);

/* The clock of timers, which counts no time that the machine sleeps. */
uint64_t loop_virtual_clock_ms(void);

/* Call what is due first; false if nothing is. */
bool loop_virtual_step(struct loop *loop);

/* SIGTERM and SIGHUP. */
void loop_virtual_signal(struct loop *loop, bool is_stop);

#endif
