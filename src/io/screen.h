/* screen.h - what is shown on a terminal until somebody has seen enough, and then is as it was.
 *
 *   R-SCREEN-1: however it ends (a key, a signal that asks it to stop, a failure of ours), and
 *               while it is suspended, the terminal is as it was before. */
#ifndef IO_SCREEN_H
#define IO_SCREEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <termios.h>

#include "base/err.h"

/* Read by screen.c alone. */
struct screen {
    FILE *out;
    int signals; /* a descriptor; -1: not open */
    bool is_full;
    bool has_keys; /* somebody types, and `before` is how the terminal was */
    struct termios before;
};

/* From now on signals that ask to stop end screen_wait() and nothing else. `is_full`: take the
 * whole terminal, on its other page, and typed keys, too; else only wait. */
bool screen_open(struct screen *screen, FILE *out, bool is_full, struct err *err);

/* Takes one that is not open. */
void screen_close(struct screen *screen);

/* Show as many lines of `text` as there is room for, in place of what was there. Call it where the
 * screen is full. False where it cannot be written. */
bool screen_draw(const struct screen *screen, const char *text);

enum screen_event {
    SCREEN_TIME, /* the time is over */
    SCREEN_DRAW, /* draw again: the size is another, or it is shown again */
    SCREEN_STOP  /* a signal, or the key q */
};

/* Wait so long for something of these. */
enum screen_event screen_wait(struct screen *screen, unsigned milliseconds);

/* Milliseconds of a clock that goes on evenly. */
uint64_t screen_clock_ms(void);

#endif
