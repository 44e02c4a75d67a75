/* see value.h */
#include "config/value.h"

#include <stdio.h>
#include <string.h>

#include "ring/layout.h"

enum option { ROTATE, LIFETIME, PATIENCE, MAX_SESSION, CAPACITY, KEYS, GROUP };

const char *const config_options[CONFIG_OPTIONS] = {
    [ROTATE] = "rotate",     [LIFETIME] = "lifetime",
    [PATIENCE] = "patience", [MAX_SESSION] = "max_session",
    [CAPACITY] = "capacity", [KEYS] = "keys",
    [GROUP] = "group",
};

size_t
config_option(const char *text)
{
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
        size_t len = strlen(config_options[i]);

        if (strncmp(text, config_options[i], len) == 0 && (text[len] == ' ' || text[len] == '\0'))
            return i;
    }
    return CONFIG_OPTIONS;
}

/* Digits from the start of *text, which moves behind them. */
static bool
parse_number(uint64_t *value, const char **text)
{
    const char *at = *text;
    uint64_t sum = 0;

    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');

        if (sum > (UINT64_MAX - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    if (at == *text)
        return false;
    *value = sum;
    *text = at;
    return true;
}

bool
config_duration(uint64_t *seconds, const char *text)
{
    static const struct {
        const char *text;
        uint64_t seconds;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    uint64_t count;

    if (!parse_number(&count, &text))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(text, units[i].text) != 0)
            continue;
        if (count >= UINT64_MAX / units[i].seconds) /* the last one means POLICY_AUTO */
            return false;
        *seconds = count * units[i].seconds;
        return true;
    }
    return false;
}

static bool
set_duration(uint64_t *seconds, const char *name, const char *text, struct err *err)
{
    if (config_duration(seconds, text))
        return true;
    return err_set(err, "%s = %s: not a time: write 90s, 15m, 1h, 7d, or plain seconds", name,
                   text);
}

static bool
set_patience(struct config_keyset *keyset, const char *text, struct err *err)
{
    if (strcmp(text, "auto") == 0)
        keyset->policy.patience_s = POLICY_AUTO;
    else if (!config_duration(&keyset->policy.patience_s, text))
        return err_set(err, "patience = %s: write auto, or a time such as 90s or 15m", text);
    return true;
}

static bool
set_capacity(struct config_keyset *keyset, const char *text, struct err *err)
{
    const char *rest = text;
    uint64_t capacity;

    if (!parse_number(&capacity, &rest) || *rest != '\0' || capacity < RING_CAPACITY_MIN ||
        capacity > RING_CAPACITY_MAX)
        return err_set(err, "capacity = %s: write a number of keys from %u to %u", text,
                       RING_CAPACITY_MIN, RING_CAPACITY_MAX);
    keyset->capacity = (uint32_t)capacity;
    return true;
}

static bool
set_keys(struct config_keyset *keyset, const char *text, struct err *err)
{
    keyset->policy.each = strcmp(text, "each") == 0;
    return keyset->policy.each || strcmp(text, "one") == 0 ||
           err_set(err, "keys = %s: write one (all hosts seal with the same key) or each", text);
}

static bool
set_group(struct config_keyset *keyset, const char *text, struct err *err)
{
    if (strlen(text) > CONFIG_GROUP_MAX || !group_find(&keyset->group, text))
        return err_set(err, "group = %s: no such group on this host: make it first", text);
    (void)snprintf(keyset->group_name, sizeof keyset->group_name, "%s", text); /* fits */
    return true;
}

bool
config_set(struct config_keyset *keyset, size_t option, const char *text, struct err *err)
{
    switch ((enum option)option) {
    case ROTATE: return set_duration(&keyset->policy.rotate_s, "rotate", text, err);
    case LIFETIME: return set_duration(&keyset->policy.lifetime_s, "lifetime", text, err);
    case PATIENCE: return set_patience(keyset, text, err);
    case MAX_SESSION: return set_duration(&keyset->policy.max_session_s, "max_session", text, err);
    case CAPACITY: return set_capacity(keyset, text, err);
    case KEYS: return set_keys(keyset, text, err);
    case GROUP: return set_group(keyset, text, err);
    }
    return err_set(err, "an option that is not known");
}
