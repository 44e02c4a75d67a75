/* see call.h */
#include "cli/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/http_client.h"

#define PATH_SIZE 4096U
#define HTTP_OK 200

static bool
call(const struct cli *cli, struct http_reply *reply, const char *method, const char *path,
     const char *body, struct err *err)
{
    const struct http_bounds bounds = {HTTP_REPLY_MAX, cli->timeout_ms};
    char socket_path[PATH_SIZE];
    int len = snprintf(socket_path, sizeof socket_path, "%s/%s", cli->rundir, CONTROL_SOCKET);

    if (len < 0 || (size_t)len >= sizeof socket_path)
        return err_set(err, "the path of the run directory is too long");
    return http_call_within(socket_path, method, path, body, &bounds, reply, err);
}

static json_t *
ask(const struct cli *cli, const char *method, const char *path, const char *body, struct err *err)
{
    struct http_reply reply = {0};
    json_t *root = NULL;

    if (call(cli, &reply, method, path, body, err))
        root = reply_load(reply.body, reply.len, reply.status, err);
    http_reply_free(&reply);
    return root;
}

json_t *
call_get(const struct cli *cli, const char *path, struct err *err)
{
    return ask(cli, "GET", path, NULL, err);
}

json_t *
call_post(const struct cli *cli, const char *path, json_t *body, struct err *err)
{
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    json_t *root = NULL;

    if (text == NULL)
        (void)err_set(err, "no memory for the request");
    else
        root = ask(cli, "POST", path, text, err);
    free(text);
    json_decref(body);
    return root;
}

char *
call_text(const struct cli *cli, const char *path, struct err *err)
{
    struct http_reply reply = {0};
    char *text = NULL;

    if (!call(cli, &reply, "GET", path, NULL, err))
        return NULL;
    if (reply.status == HTTP_OK) {
        text = reply.body;
        reply.body = NULL;
    } else {
        json_decref(reply_load(reply.body, reply.len, reply.status, err)); /* says why; no object */
    }
    http_reply_free(&reply);
    return text;
}

/* The names of all keysets, for people: "api, www". */
static const char *
list_keysets(char *out, size_t size, const json_t *keysets)
{
    size_t len = 0, i;
    const json_t *keyset;

    out[0] = '\0';
    json_array_foreach(keysets, i, keyset)
    {
        const char *name = json_string_value(json_object_get(keyset, "name"));

        if (name != NULL && control_keyset_ok(name) && len < size) {
            (void)snprintf(out + len, size - len, "%s%s", len > 0 ? ", " : "", name); /* cut */
            len = strlen(out);
        }
    }
    return out;
}

static bool
is_named(const json_t *keyset, const char *name)
{
    const char *text = json_string_value(json_object_get(keyset, "name"));

    return text != NULL && strcmp(text, name) == 0;
}

static bool
keep_only(json_t *keysets, const char *name, struct err *err)
{
    char names[ERR_MAX / 2];

    (void)list_keysets(names, sizeof names, keysets);
    for (size_t i = json_array_size(keysets); i-- > 0;) {
        if (!is_named(json_array_get(keysets, i), name))
            (void)json_array_remove(keysets, i); /* i is in range */
    }
    if (json_array_size(keysets) > 0)
        return true;
    return err_set(err, "there is no keyset \"%s\": stekd keeps %s", name,
                   names[0] != '\0' ? names : "none");
}

json_t *
call_status(const struct cli *cli, struct err *err)
{
    json_t *root = call_get(cli, CONTROL_STATUS, err);

    if (root == NULL || cli->keyset == NULL ||
        keep_only(json_object_get(root, "keysets"), cli->keyset, err))
        return root;
    json_decref(root);
    return NULL;
}

/* The only one that there is. */
static bool
find_keyset(char out[CONTROL_KEYSET_MAX + 1], const json_t *keysets, struct err *err)
{
    const char *name = json_string_value(json_object_get(json_array_get(keysets, 0), "name"));
    char names[ERR_MAX / 2];

    if (json_array_size(keysets) > 1)
        return err_set(err, "there are several keysets, choose one with -k: %s",
                       list_keysets(names, sizeof names, keysets));
    if (name == NULL)
        return err_set(err, "stekd keeps no keyset: name one in its configuration");
    if (!control_keyset_ok(name))
        return err_set(err, "stekd's answer cannot be read: no keyset can have that name");
    (void)snprintf(out, CONTROL_KEYSET_MAX + 1, "%s", name); /* fits: it is ok */
    return true;
}

bool
call_keyset(const struct cli *cli, char out[CONTROL_KEYSET_MAX + 1], struct err *err)
{
    json_t *root;
    bool ok;

    if (cli->keyset != NULL) {
        (void)snprintf(out, CONTROL_KEYSET_MAX + 1, "%s", cli->keyset); /* fits: see options.c */
        return true;
    }
    root = call_get(cli, CONTROL_STATUS, err);
    ok = root != NULL && find_keyset(out, json_object_get(root, "keysets"), err);
    json_decref(root);
    return ok;
}

json_t *
call_keys(const struct cli *cli, const char *keyset, struct err *err)
{
    char path[sizeof CONTROL_KEYS + sizeof "?keyset=" + CONTROL_KEYSET_MAX];

    (void)snprintf(path, sizeof path, "%s?keyset=%s", CONTROL_KEYS, keyset); /* fits */
    return call_get(cli, path, err);
}

void
call_print(const struct cli *cli, const json_t *root)
{
    (void)json_dumpf(root, cli->out, JSON_INDENT(2) | JSON_ENSURE_ASCII); /* see cli_run_fn */
    (void)fputc('\n', cli->out);
}
