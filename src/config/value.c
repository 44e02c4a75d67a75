/* see value.h */
#include "config/value.h"

#include <stdio.h>
#include <string.h>

#include "io/key_file.h"
#include "ring/layout.h"

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

bool
value_duration(void *member, const char *text, struct err *err)
{
    return config_duration(member, text) ||
           err_set(err, "not a time: write 90s, 15m, 1h, 7d, or plain seconds");
}

bool
value_patience(void *member, const char *text, struct err *err)
{
    uint64_t *patience_s = member;

    if (strcmp(text, "auto") == 0) {
        *patience_s = POLICY_AUTO;
        return true;
    }
    return config_duration(patience_s, text) ||
           err_set(err, "write auto, or a time such as 90s or 15m");
}

bool
value_capacity(void *member, const char *text, struct err *err)
{
    uint64_t capacity;

    if (!parse_number(&capacity, &text) || *text != '\0' || capacity < RING_CAPACITY_MIN ||
        capacity > RING_CAPACITY_MAX)
        return err_set(err, "write a number of keys from %u to %u", RING_CAPACITY_MIN,
                       RING_CAPACITY_MAX);
    *(uint32_t *)member = (uint32_t)capacity;
    return true;
}

bool
value_keys(void *member, const char *text, struct err *err)
{
    bool is_each = strcmp(text, "each") == 0;

    if (!is_each && strcmp(text, "one") != 0)
        return err_set(err, "write one (all hosts seal with the same key) or each");
    *(bool *)member = is_each;
    return true;
}

bool
value_group(void *member, const char *text, struct err *err)
{
    struct config_group *group = member;

    if (strlen(text) >= sizeof group->name || !group_find(&group->gid, text))
        return err_set(err, "no such group on this host: make it first");
    (void)snprintf(group->name, sizeof group->name, "%s", text); /* fits */
    return true;
}

bool
value_listen(void *member, const char *text, struct err *err)
{
    struct config_listen *listen = member;
    struct listen_address address;

    if (!listen_address_parse(&address, text))
        return err_set(err, "write ADDRESS:PORT, such as \"127.0.0.1:9779\" or \"[::1]:9779\"");
    for (size_t i = 0; i < listen->count; i++) {
        if (strcmp(listen->addresses[i].text, address.text) == 0)
            return err_set(err, "stands there twice: keep one of the two");
    }
    if (listen->count == CONFIG_LISTEN_MAX)
        return err_set(err, "too many addresses: there may be %u", CONFIG_LISTEN_MAX);
    listen->addresses[listen->count++] = address;
    return true;
}

bool
value_path(void *member, const char *text, struct err *err)
{
    if (text[0] != '/' || strlen(text) > CONFIG_PLACE_MAX)
        return err_set(err, "write a path from / on, of up to %u characters", CONFIG_PLACE_MAX);
    (void)snprintf(member, CONFIG_PLACE_MAX + 1, "%s", text); /* fits */
    return true;
}

bool
value_key_place(void *member, const char *text, struct err *err)
{
    static const char prefix[] = KEY_FILE_CREDENTIAL;
    size_t len = strlen(text);

    if (strncmp(text, prefix, sizeof prefix - 1) != 0 || len == sizeof prefix - 1 ||
        len > CONFIG_PLACE_MAX || strchr(text, '/') != NULL)
        return value_path(member, text, NULL) ||
               err_set(err, "write credential:NAME, or the path of a key file from / on");
    (void)snprintf(member, CONFIG_PLACE_MAX + 1, "%s", text); /* fits */
    return true;
}
