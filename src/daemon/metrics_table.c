/* see metrics.h: a line a metric. What is here, docs/metrics.md explains. */
#include <stdio.h>
#include <string.h>

#include "control/control.h"
#include "daemon/metrics_inner.h"

#define KEY_DIGITS 8U

/* ---- stekd as a whole ---- */

static void
print_build(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    const char *version = json_string_value(json_object_get(pen->status, "version"));

    (void)keys;
    metrics_sample(pen, keyset, "version", version == NULL ? "" : version, 1);
}

static void
print_start(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    (void)keys;
    metrics_sample(pen, keyset, NULL, NULL, metrics_number(pen->status, "started"));
}

static void
print_resident(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    (void)keys;
    if (pen->host->usage.resident_bytes > 0)
        metrics_sample(pen, keyset, NULL, NULL, (int64_t)pen->host->usage.resident_bytes);
}

static void
print_private(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    (void)keys;
    if (pen->host->usage.private_bytes > 0)
        metrics_sample(pen, keyset, NULL, NULL, (int64_t)pen->host->usage.private_bytes);
}

static void
print_clock(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    (void)keys;
    metrics_sample(pen, keyset, NULL, NULL, pen->host->clock_held_s);
}

static void
print_refused(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    (void)keys;
    metrics_sample(pen, keyset, NULL, NULL, pen->host->is_refused);
}

/* ---- a keyset ---- */

static void
print_trouble(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    const char *error = json_string_value(json_object_get(keyset, "last_error"));

    (void)keys;
    metrics_sample(pen, keyset, NULL, NULL, error != NULL && error[0] != '\0');
}

static void
print_sealing(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    (void)keys;
    metrics_sample(pen, keyset, NULL, NULL, json_is_object(json_object_get(keyset, "sealing")));
}

static void
print_age(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    const json_t *sealing = json_object_get(keyset, "sealing");

    (void)keys;
    if (json_is_object(sealing))
        metrics_sample(pen, keyset, NULL, NULL,
                       metrics_number(pen->status, "now") - metrics_number(sealing, "since"));
}

static void
print_until(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    const json_t *sealing = json_object_get(keyset, "sealing");

    (void)keys;
    if (json_is_object(sealing))
        metrics_sample(pen, keyset, NULL, NULL,
                       metrics_number(sealing, "until") - metrics_number(pen->status, "now"));
}

static void
print_states(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    const json_t *states = json_object_get(keyset, "keys");

    (void)keys;
    for (unsigned i = 0; i < CONTROL_STATES; i++) {
        const char *state = control_state_text((enum control_state)i);

        metrics_sample(pen, keyset, "state", state, metrics_number(states, state));
    }
}

static void
print_causes(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    static const char prefix[] = "full_";
    const json_t *counters = json_object_get(keyset, "counters");

    (void)keys;
    for (size_t i = 0; i < CONTROL_COUNTERS; i++) {
        const char *name = control_counters[i];

        if (strncmp(name, prefix, sizeof prefix - 1) == 0)
            metrics_sample(pen, keyset, "cause", name + sizeof prefix - 1,
                           metrics_number(counters, name));
    }
}

/* ---- who has the ring open ---- */

struct program {
    const char *name;
    int64_t count;
};

static void
print_servers(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    struct program programs[METRICS_PROGRAMS_MAX + 1] = {{"other", 0}};
    size_t count = 1, i, at;
    const json_t *server;

    (void)keys;
    json_array_foreach(json_object_get(keyset, "servers"), i, server)
    {
        const char *name = json_string_value(json_object_get(server, "program"));

        for (at = 0; at < count && name != NULL; at++) {
            if (strcmp(programs[at].name, name) == 0)
                break;
        }
        if (name == NULL || at > METRICS_PROGRAMS_MAX)
            at = 0;
        else if (at == count)
            programs[count++].name = name;
        programs[at].count++;
    }
    for (at = programs[0].count > 0 ? 0 : 1; at < count; at++)
        metrics_sample(pen, keyset, "program", programs[at].name, programs[at].count);
}

/* ---- each key ---- */

static const char *
name_of(const json_t *keys, size_t index)
{
    return json_string_value(json_object_get(json_array_get(keys, index), "name"));
}

/* The key's name as the label has it: cut, unless one before begins alike. False without a name. */
static bool
find_label(char label[CONTROL_NAME_DIGITS + 1], const json_t *keys, size_t index)
{
    const char *name = name_of(keys, index);
    unsigned digits = KEY_DIGITS;

    for (size_t i = 0; i < index && name != NULL; i++) {
        const char *other = name_of(keys, i);

        if (other != NULL && strncmp(other, name, KEY_DIGITS) == 0)
            digits = CONTROL_NAME_DIGITS;
    }
    if (name != NULL)
        (void)snprintf(label, CONTROL_NAME_DIGITS + 1, "%.*s", (int)digits, name); /* cut */
    return name != NULL;
}

static void
print_keys(const struct metrics_pen *pen, const json_t *keyset, const json_t *answer,
           const char *member)
{
    const json_t *keys = json_object_get(answer, "keys");
    char label[CONTROL_NAME_DIGITS + 1];

    for (size_t i = 0; i < json_array_size(keys) && i < METRICS_KEYS_MAX; i++) {
        if (find_label(label, keys, i))
            metrics_sample(pen, keyset, "key", label,
                           metrics_number(json_array_get(keys, i), member));
    }
}

static void
print_key_sealed(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    print_keys(pen, keyset, keys, "sealed");
}

static void
print_key_opened(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    print_keys(pen, keyset, keys, "opened");
}

const struct metric metrics_table[] = {
    {"stek_build", METRICS_INFO, "", "Version of stekd.", .print = print_build, .is_whole = true},
    {"process_start_time_seconds", METRICS_GAUGE, "seconds", "Unix time at which stekd started.",
     .print = print_start, .is_whole = true},
    {"process_resident_memory_bytes", METRICS_GAUGE, "bytes", "Memory of stekd, rings included.",
     .print = print_resident, .is_whole = true},
    {"process_private_memory_bytes", METRICS_GAUGE, "bytes",
     "Memory that stekd shares with nobody.", .print = print_private, .is_whole = true},
    {"stek_clock_held_seconds", METRICS_GAUGE, "seconds",
     "How far the wall clock was set, where that is held off.", .print = print_clock,
     .is_whole = true},
    {"stek_config_refused", METRICS_GAUGE, "",
     "1 if the configuration was refused at the last reload.", .print = print_refused,
     .is_whole = true},

    {"stek_keyset_trouble", METRICS_GAUGE, "",
     "1 while something is wrong; stekctl status says what.", .print = print_trouble},
    {"stek_errors", METRICS_COUNTER, "", "How often something went wrong since stekd started.",
     .member = "errors"},
    {"stek_keyset_sealing", METRICS_GAUGE, "",
     "1 while a key may seal, so that tickets are given out.", .print = print_sealing},
    {"stek_sealing_key_age_seconds", METRICS_GAUGE, "seconds",
     "Since the key that seals took over.", .print = print_age},
    {"stek_next_rotation_seconds", METRICS_GAUGE, "seconds", "Until another key takes over.",
     .print = print_until},
    {"stek_keys", METRICS_GAUGE, "", "Keys in the ring, by what they are for now.",
     .print = print_states},
    {"stek_rotations", METRICS_COUNTER, "", "How often another key took over since stekd started.",
     .member = "rotations"},
    {"stek_revocations", METRICS_COUNTER, "", "Revocations ordered since stekd started.",
     .member = "revocations"},
    {"stek_rotate_seconds", METRICS_GAUGE, "seconds", "Policy: how often another key takes over.",
     .object = "policy", .member = "rotate"},
    {"stek_lifetime_seconds", METRICS_GAUGE, "seconds", "Policy: how long a ticket opens, at most.",
     .object = "policy", .member = "lifetime"},
    {"stek_patience_seconds", METRICS_GAUGE, "seconds",
     "Policy: how long an unconfirmed key is held back.", .object = "policy", .member = "patience"},
    {"stek_ring_generation", METRICS_GAUGE, "", "Grows with each change of the ring.",
     .member = "generation"},
    {"stek_ring_capacity", METRICS_GAUGE, "", "Keys that the ring has room for.",
     .member = "capacity"},

    {"stek_farm_hosts", METRICS_GAUGE, "", "Hosts that share the keyset, this one too.",
     .print = metrics_hosts},
    {"stek_farm_differing", METRICS_GAUGE, "",
     "Hosts that hold other keys, and no change is on its way.", .object = "farm",
     .member = "differing"},
    {"stek_farm_pending", METRICS_GAUGE, "", "Hosts that a change may be on its way to or from.",
     .object = "farm", .member = "pending"},
    {"stek_farm_lag_seconds", METRICS_GAUGE, "seconds",
     "The longest that a host which is not silent had not been heard of, when last asked.",
     .print = metrics_lag},
    {"stek_farm_looked_seconds", METRICS_GAUGE, "seconds",
     "Since statuses of the other hosts were read.", .print = metrics_looked},
    {"stek_farm_clock_behind_seconds", METRICS_GAUGE, "seconds",
     "How far our clock is behind most others.", .print = metrics_clock},
    {"stek_farm_clock_most_seconds", METRICS_GAUGE, "seconds",
     "The most that the clock of a host which is not silent is from ours.",
     .print = metrics_clock_max},
    {"stek_farm_engine_up", METRICS_GAUGE, "", "1 while an engine carries records.",
     .print = metrics_engines},
    {"stek_farm_records", METRICS_COUNTER, "",
     "Records that came in since stekd started, by what became of them.", .print = metrics_records},
    {"stek_farm_said", METRICS_COUNTER, "", "Records that went out since stekd started.",
     .print = metrics_said},
    {"stek_farm_said_age_seconds", METRICS_GAUGE, "seconds", "Since our last status went out.",
     .print = metrics_said_age},

    {"stek_tickets_sealed", METRICS_COUNTER, "", "Tickets that servers gave out.",
     .object = "counters", .member = "sealed"},
    {"stek_tickets_opened", METRICS_COUNTER, "", "Sessions that servers resumed by a ticket.",
     .object = "counters", .member = "opened"},
    {"stek_tickets_renewed", METRICS_COUNTER, "", "Tickets of an older key that were replaced.",
     .object = "counters", .member = "renewed"},
    {"stek_full_handshakes", METRICS_COUNTER, "",
     "Tickets that did not resume or could not be given out.", .print = print_causes},
    {"stek_servers", METRICS_GAUGE, "", "Servers that have the ring open.", .print = print_servers},
    {"stek_key_sealed", METRICS_COUNTER, "", "Tickets given out under a key.",
     .print = print_key_sealed},
    {"stek_key_opened", METRICS_COUNTER, "", "Sessions resumed under a key.",
     .print = print_key_opened},
    {.name = NULL},
};
