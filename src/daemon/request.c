/* see request.h; on jansson */
#include "daemon/request.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"

static bool
set_keyset(struct request *request, const char *name, struct err *err)
{
    if (!control_keyset_ok(name))
        return err_set(err, "keyset: not a keyset's name: 1 to 64 of a-z 0-9 _ . -");
    (void)snprintf(request->keyset, sizeof request->keyset, "%s", name); /* fits */
    return true;
}

static bool
read_keyset(struct request *request, const json_t *value, struct err *err)
{
    if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value))
        return err_set(err, "keyset: a string, the keyset's name");
    return set_keyset(request, json_string_value(value), err);
}

static bool
read_flag(bool *flag, const char *member, const json_t *value, struct err *err)
{
    if (!json_is_boolean(value))
        return err_set(err, "%s: true or false", member);
    *flag = json_is_true(value);
    return true;
}

static bool
read_names(struct request *request, const json_t *value, struct err *err)
{
    if (!json_is_array(value) || json_array_size(value) == 0 ||
        json_array_size(value) > CONTROL_NAMES_MAX)
        return err_set(err, "names: an array of 1 to %u names of keys", CONTROL_NAMES_MAX);
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *name = json_array_get(value, i);

        if (!json_is_string(name) || !hex_decode(request->names[i].bytes, KEY_NAME_LEN,
                                                 json_string_value(name), json_string_length(name)))
            return err_set(err, "names: a key's name is %u hex digits", CONTROL_NAME_DIGITS);
    }
    request->name_count = json_array_size(value);
    return true;
}

static bool
read_line(struct request *request, const char *member, const json_t *value, struct err *err)
{
    const char *line = json_string_value(value);

    if (line == NULL || strlen(line) != json_string_length(value) || line[0] == '\0')
        return err_set(err, "%s: a string, the line as stekctl farm prints it", member);
    if (strlen(line) > CONTROL_LINE_MAX)
        return err_set(err, "%s: longer than %u characters: not one line", member,
                       CONTROL_LINE_MAX);
    (void)snprintf(request->line, sizeof request->line, "%s", line); /* fits */
    return true;
}

/* What members an order has beside its keyset. */
struct known {
    bool is_revocation;
    const char *line; /* NULL: none */
};

static bool
read_member(struct request *request, const char *member, const json_t *value,
            const struct known *known, struct err *err)
{
    if (strcmp(member, "keyset") == 0)
        return read_keyset(request, value, err);
    if (known->is_revocation && strcmp(member, "all") == 0)
        return read_flag(&request->all, member, value, err);
    if (known->is_revocation && strcmp(member, "only") == 0)
        return read_flag(&request->only, member, value, err);
    if (known->is_revocation && strcmp(member, "names") == 0)
        return read_names(request, value, err);
    if (known->line != NULL && strcmp(member, known->line) == 0)
        return read_line(request, member, value, err);
    return err_set(err, "unknown member \"%s\": there %s keyset%s%s%s", member,
                   known->is_revocation || known->line != NULL ? "are" : "is",
                   known->is_revocation ? ", all, names, only" : "",
                   known->line != NULL ? ", " : "", known->line != NULL ? known->line : "");
}

static bool
read_body(struct request *request, const char *body, size_t len, const struct known *known,
          struct err *err)
{
    json_error_t error;
    json_t *root = json_loadb(len == 0 ? "" : body, len, JSON_REJECT_DUPLICATES, &error);
    struct request fresh = {.keyset = ""};
    const char *member;
    json_t *value;
    bool ok = true;

    if (root == NULL)
        return err_set(err, "not JSON: line %d, column %d: %s", error.line, error.column,
                       error.text);
    if (!json_is_object(root))
        ok = err_set(err, "the body must be a JSON object");
    json_object_foreach(root, member, value) /* of what is no object, none */
        ok = ok && read_member(&fresh, member, value, known, err);
    json_decref(root);
    if (ok)
        *request = fresh;
    return ok;
}

bool
request_rotate(struct request *request, const char *body, size_t len, struct err *err)
{
    return read_body(request, body, len, &(struct known){.line = NULL}, err);
}

bool
request_farm(struct request *request, const char *line, const char *body, size_t len,
             struct err *err)
{
    return read_body(request, body, len, &(struct known){.line = line}, err);
}

bool
request_revoke(struct request *request, const char *body, size_t len, struct err *err)
{
    struct request fresh = {.keyset = ""};

    if (!read_body(&fresh, body, len, &(struct known){.is_revocation = true}, err))
        return false;
    if (fresh.all == (fresh.name_count > 0))
        return err_set(err, "either \"all\": true or \"names\": [...]");
    if (fresh.all && fresh.only)
        return err_set(err, "\"only\" goes with names, not with all");
    *request = fresh;
    return true;
}

bool
request_keys(struct request *request, const char *query, struct err *err)
{
    struct request fresh = {.keyset = ""};

    if (query[0] != '\0' && strncmp(query, "keyset=", 7) != 0)
        return err_set(err, "the query is keyset=NAME or nothing");
    if (query[0] != '\0' && !set_keyset(&fresh, query + 7, err))
        return false;
    *request = fresh;
    return true;
}

bool
request_fleet(struct request *request, const char *query, struct err *err)
{
    struct request fresh = {.keyset = ""};
    size_t len = strcspn(query, "&");
    const char *key = NULL;
    char keyset[sizeof "keyset=" + CONTROL_KEYSET_MAX + 1];

    if (strncmp(query, "key=", 4) == 0) {
        key = query + 4;
        len = 0;
    } else if (strncmp(query + len, "&key=", 5) == 0) {
        key = query + len + 5;
    }
    if (len >= sizeof keyset || (key == NULL && query[len] != '\0'))
        return err_set(err, "the query is keyset=NAME, key=NAME, both, or nothing");
    (void)snprintf(keyset, sizeof keyset, "%.*s", (int)len, query); /* fits */
    if (!request_keys(&fresh, keyset, err))
        return false;
    if (key != NULL && !hex_decode(fresh.names[0].bytes, KEY_NAME_LEN, key, strlen(key)))
        return err_set(err, "key: a key's name is %u hex digits", CONTROL_NAME_DIGITS);
    fresh.name_count = key != NULL;
    *request = fresh;
    return true;
}

bool
request_host_ok(const char *host)
{
    bool is_v6 = host[0] == '[';
    size_t len = is_v6 ? strcspn(host, "]") + 1 : strcspn(host, ":");

    if (host[0] == '\0')
        return true;
    if (is_v6)
        return strncmp(host, "[::1]", 5) == 0 && (host[len] == '\0' || host[len] == ':');
    if (len == 9 && strncasecmp(host, "localhost", len) == 0)
        return true;
    return strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == len;
}
