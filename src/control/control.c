/* see control.h */
#include "control/control.h"

#include <string.h>

static const char *const states[CONTROL_STATES] = {"coming", "sealing", "opening", "revoked"};
static const char *const hosts[CONTROL_HOSTS] = {"live", "late", "silent"};

const char *const control_counters[CONTROL_COUNTERS] = {
    "sealed",       "opened",       "renewed",      "full_unknown",
    "full_expired", "full_revoked", "full_context", "full_no_key"};

const char *
control_state_text(enum control_state state)
{
    return (unsigned)state < CONTROL_STATES ? states[state] : "unknown";
}

bool
control_state_parse(enum control_state *state, const char *text)
{
    for (unsigned i = 0; i < CONTROL_STATES; i++) {
        if (strcmp(text, states[i]) == 0) {
            *state = (enum control_state)i;
            return true;
        }
    }
    return false;
}

const char *
control_host_text(enum control_host state)
{
    return (unsigned)state < CONTROL_HOSTS ? hosts[state] : "unknown";
}

bool
control_host_parse(enum control_host *state, const char *text)
{
    for (unsigned i = 0; i < CONTROL_HOSTS; i++) {
        if (strcmp(text, hosts[i]) == 0) {
            *state = (enum control_host)i;
            return true;
        }
    }
    return false;
}

bool
control_keyset_ok(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.-");

    return len > 0 && len <= CONTROL_KEYSET_MAX && name[len] == '\0' && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}
