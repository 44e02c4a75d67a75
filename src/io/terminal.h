/* terminal.h - the person at the other end: whether one is there, how much she sees, and whether
 * she has asked to stop. */
#ifndef IO_TERMINAL_H
#define IO_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

bool terminal_is(FILE *file);

/* Lines of the window; 0 where that is not known. */
unsigned terminal_rows(FILE *file);

/* Columns of the window; 80 where that is not known. */
unsigned terminal_columns(FILE *file);

/* Does the locale of the environment (LC_ALL, LC_CTYPE, LANG) take UTF-8? */
bool terminal_is_utf8(void);

/* From now on SIGINT, SIGTERM and SIGHUP end terminal_wait() and nothing else. */
bool terminal_hold_signals(void);

/* Wait; true as soon as one of these signals is there. */
bool terminal_wait(unsigned seconds);

#endif
