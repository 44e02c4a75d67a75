/* value.h - values of stekd.conf's options, put into a member of what the section fills. Pure, but
 * for groups. Messages say what would be right. */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"

/* "90s", "15m", "1h", "7d" or plain seconds. */
bool config_duration(uint64_t *seconds, const char *text);

/* For the tables of sections.c; `member` is what each comment says. */
bool value_duration(void *member, const char *text, struct err *err); /* uint64_t, seconds */
bool value_patience(void *member, const char *text, struct err *err); /* the same, or POLICY_AUTO */
bool value_capacity(void *member, const char *text, struct err *err); /* uint32_t */
bool value_keys(void *member, const char *text, struct err *err);     /* bool: each */
bool value_group(void *member, const char *text, struct err *err);    /* struct config_group */
/* char[CONFIG_PLACE_MAX + 1]: an absolute path; the same, or credential:NAME. */
bool value_path(void *member, const char *text, struct err *err);
bool value_key_place(void *member, const char *text, struct err *err);
bool value_listen(void *member, const char *text, struct err *err); /* struct config_listen */

#endif
