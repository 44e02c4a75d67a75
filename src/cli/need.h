/* need.h - take members out of a JSON object that must be there, be of their type, and fit.
 *
 * A `need` that once did not find what it looked for is `failed` and stays so, with the reason in
 * `err`: take all members, then ask once. Failed ones give zeros. */
#ifndef CLI_NEED_H
#define CLI_NEED_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define NEED_TIME_MAX 253402300799U /* the end of the year 9999, which calendars still can show */

struct need {
    const json_t *at;
    struct err *err;
    bool failed;
};

/* Failed from the start if `object` is none. */
struct need need_of(const json_t *object, struct err *err);

/* 0 to INT64_MAX. */
uint64_t need_count(struct need *need, const char *member);

/* The same, but null is well too and gives 0 and *is_there false. */
uint64_t need_count_or_null(struct need *need, bool *is_there, const char *member);

/* A difference, either way, of up to 2^53; null gives 0, too. */
int64_t need_difference(struct need *need, const char *member);

/* Unix seconds. */
uint64_t need_time(struct need *need, const char *member);

bool need_bool(struct need *need, const char *member);

/* The same, but null is well too and gives false. */
bool need_bool_or_null(struct need *need, const char *member);

/* A key's name, of 32 lower-case hex digits, into 33 bytes. */
void need_name(struct need *need, char *out, const char *member);

/* The same, but null is well too and gives "". */
void need_name_or_null(struct need *need, char *out, const char *member);

/* The same of an element of an array; false, with `out` left alone, if it is no name. */
bool need_is_name(char *out, const json_t *value);

/* Text, cut to `size` - 1 bytes, with what a terminal would obey replaced by '?': it may stem from
 * other programs on the host, such as the name of a server. */
void need_text(struct need *need, char *out, size_t size, const char *member);

/* The same, but null is well too and gives "". */
void need_text_or_null(struct need *need, char *out, size_t size, const char *member);

/* The member, if it is an object, else NULL. */
const json_t *need_object(struct need *need, const char *member);

/* The same, but null is well too and gives NULL without failing. */
const json_t *need_object_or_null(struct need *need, const char *member);

/* The member, if it is an array of at most `max` elements, else NULL. */
const json_t *need_array(struct need *need, size_t max, const char *member);

/* Say that `member` is not what it should be; the first complaint counts. */
void need_fail(struct need *need, const char *member, const char *should_be);

#endif
