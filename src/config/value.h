/* value.h - values of stekd.conf's options. Pure; errors say what would be right. */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"

/* "90s", "15m", "1h", "7d" or plain seconds. */
bool config_duration(uint64_t *seconds, const char *text);

/* Set the option of that index from `text`; the message begins with the option's name. */
bool config_set(struct config_keyset *keyset, size_t option, const char *text, struct err *err);

#define CONFIG_OPTIONS 7U
extern const char *const config_options[CONFIG_OPTIONS];

/* The index of an option; CONFIG_OPTIONS if there is none that `text` begins with as a word. */
size_t config_option(const char *text);

#endif
