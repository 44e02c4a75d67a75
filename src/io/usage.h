/* usage.h - what this process takes of the machine. */
#ifndef IO_USAGE_H
#define IO_USAGE_H

#include <stdint.h>

/* 0: cannot be told. */
struct usage {
    uint64_t resident_bytes;
    uint64_t private_bytes; /* that it shares with nobody */
};

struct usage usage_now(void);

#endif
