/* see prefix.h */
#include "cli/prefix.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CANDIDATES_SHOWN 6U

struct matches {
    const struct reply_key *first;
    size_t count; /* that can be revoked */
    bool has_revoked;
    char list[ERR_MAX / 2];
};

static void
add_candidate(struct matches *found, const struct reply_key *key)
{
    size_t len = strlen(found->list);
    bool is_last = found->count == CANDIDATES_SHOWN;

    if (found->count++ == 0)
        found->first = key;
    if (found->count <= CANDIDATES_SHOWN || is_last)
        (void)snprintf(found->list + len, sizeof found->list - len, "%s%s", len > 0 ? ", " : "",
                       is_last ? "..." : key->name); /* cut where it does not fit */
}

static struct matches
search(const struct reply_keys *keys, const char *typed, size_t len)
{
    struct matches found = {0};

    for (size_t i = 0; i < keys->count; i++) {
        const struct reply_key *key = &keys->keys[i];

        if (strncasecmp(key->name, typed, len) != 0)
            continue;
        if (key->state == CONTROL_REVOKED)
            found.has_revoked = true;
        else
            add_candidate(&found, key);
    }
    return found;
}

const struct reply_key *
prefix_find(const struct reply_keys *keys, const char *typed, struct err *err)
{
    size_t len = strlen(typed);
    struct matches found;

    if (len < PREFIX_MIN || len > CONTROL_NAME_DIGITS ||
        strspn(typed, "0123456789abcdefABCDEF") != len) {
        (void)err_set(err, "\"%.40s\" cannot name a key: give %u to %u hex digits", typed,
                      PREFIX_MIN, CONTROL_NAME_DIGITS);
        return NULL;
    }
    found = search(keys, typed, len);
    if (found.count == 1)
        return found.first;
    if (found.count > 1)
        (void)err_set(err, "%s could be any of %s: give more digits", typed, found.list);
    else if (found.has_revoked)
        (void)err_set(err, "%s is revoked already", typed);
    else
        (void)err_set(err, "no key of keyset %s begins with %s: stekctl keys lists them",
                      keys->keyset, typed);
    return NULL;
}
