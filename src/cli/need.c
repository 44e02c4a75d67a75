/* see need.h */
#include "cli/need.h"

#include <string.h>

#include "cli/text.h"
#include "control/control.h"

#define DIFFERENCE_MAX ((json_int_t)1 << 53)

void
need_fail(struct need *need, const char *member, const char *should_be)
{
    if (!need->failed)
        (void)err_set(need->err,
                      "stekd's answer cannot be read: \"%s\" should be %s: do stekctl and stekd "
                      "belong to the same release?",
                      member, should_be);
    need->failed = true;
}

struct need
need_of(const json_t *object, struct err *err)
{
    struct need need = {.at = object, .err = err, .failed = false};

    if (!json_is_object(object))
        need_fail(&need, "{}", "an object");
    return need;
}

static const json_t *
member_of(struct need *need, const char *member)
{
    return need->failed ? NULL : json_object_get(need->at, member);
}

static uint64_t
take_uint(struct need *need, const char *member, uint64_t max, const char *should_be)
{
    const json_t *value = member_of(need, member);
    json_int_t number = json_integer_value(value); /* 0 for what is none */

    if (json_is_integer(value) && number >= 0 && (uint64_t)number <= max)
        return (uint64_t)number;
    need_fail(need, member, should_be);
    return 0;
}

uint64_t
need_count(struct need *need, const char *member)
{
    return take_uint(need, member, INT64_MAX, "a number from 0");
}

uint64_t
need_count_or_null(struct need *need, bool *is_there, const char *member)
{
    *is_there = !json_is_null(member_of(need, member));
    return *is_there ? need_count(need, member) : 0;
}

int64_t
need_difference(struct need *need, const char *member)
{
    const json_t *value = member_of(need, member);
    json_int_t number = json_integer_value(value); /* 0 for what is none */

    if ((json_is_integer(value) || json_is_null(value)) && number <= DIFFERENCE_MAX &&
        number >= -DIFFERENCE_MAX)
        return (int64_t)number;
    need_fail(need, member, "a difference");
    return 0;
}

uint64_t
need_time(struct need *need, const char *member)
{
    return take_uint(need, member, NEED_TIME_MAX, "a time in Unix seconds");
}

bool
need_bool(struct need *need, const char *member)
{
    const json_t *value = member_of(need, member);

    if (!json_is_boolean(value))
        need_fail(need, member, "true or false");
    return json_is_true(value);
}

bool
need_bool_or_null(struct need *need, const char *member)
{
    return !json_is_null(member_of(need, member)) && need_bool(need, member);
}

bool
need_is_name(char *out, const json_t *value)
{
    const char *text = json_string_value(value);

    if (text == NULL || strlen(text) != CONTROL_NAME_DIGITS ||
        strspn(text, "0123456789abcdef") != CONTROL_NAME_DIGITS)
        return false;
    memcpy(out, text, CONTROL_NAME_DIGITS + 1);
    return true;
}

void
need_name(struct need *need, char *out, const char *member)
{
    out[0] = '\0';
    if (!need_is_name(out, member_of(need, member)))
        need_fail(need, member, "a key's name in hex");
}

void
need_name_or_null(struct need *need, char *out, const char *member)
{
    out[0] = '\0';
    if (!json_is_null(member_of(need, member)))
        need_name(need, out, member);
}

void
need_text(struct need *need, char *out, size_t size, const char *member)
{
    const char *text = json_string_value(member_of(need, member));

    out[0] = '\0';
    if (text == NULL)
        need_fail(need, member, "text");
    else
        text_clean(out, size, text);
}

void
need_text_or_null(struct need *need, char *out, size_t size, const char *member)
{
    out[0] = '\0';
    if (!json_is_null(member_of(need, member)))
        need_text(need, out, size, member);
}

const json_t *
need_object(struct need *need, const char *member)
{
    const json_t *value = member_of(need, member);

    if (json_is_object(value))
        return value;
    need_fail(need, member, "an object");
    return NULL;
}

const json_t *
need_object_or_null(struct need *need, const char *member)
{
    return json_is_null(member_of(need, member)) ? NULL : need_object(need, member);
}

const json_t *
need_array(struct need *need, size_t max, const char *member)
{
    const json_t *value = member_of(need, member);

    if (json_is_array(value) && json_array_size(value) <= max)
        return value;
    need_fail(need, member, "an array of a sensible length");
    return NULL;
}
