/* err.h - one bounded message that says what failed, passed up to who logs it.
 *
 * The place where something fails sets it once and returns false; callers put in front what they
 * were doing: "keyset \"www\": ring /run/stek/www.r1: no space left on device". No secret goes
 * into one. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

#define ERR_MAX 400

struct err {
    char text[ERR_MAX];
};

/* Set the message, cut to fit; returns false. `err` may be NULL. */
bool err_set(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, followed by ": " and the text of errno; errno is kept. */
bool err_errno(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Put "FORMAT: " in front of the message; returns false. */
bool err_add(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
