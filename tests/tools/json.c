/* json [PATH] - say whether the standard input is one JSON object a line, or one in all, and print
 * the member that PATH names in each ("keysets.0.sealing.name"). For tests: so that they need
 * nothing that is not there for the programs themselves. */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (1U << 20)

static const json_t *
walk(const json_t *at, const char *path)
{
    char name[64];

    while (at != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");

        if (len >= sizeof name)
            return NULL;
        (void)snprintf(name, sizeof name, "%.*s", (int)len, path); /* fits */
        at = json_is_array(at) ? json_array_get(at, (size_t)strtoul(name, NULL, 10))
                               : json_object_get(at, name);
        path += len + (path[len] == '.');
    }
    return at;
}

static bool
print(const json_t *value)
{
    if (json_is_string(value))
        return printf("%s\n", json_string_value(value)) >= 0;
    return value != NULL && json_dumpf(value, stdout, JSON_ENCODE_ANY | JSON_COMPACT) == 0 &&
           putchar('\n') != EOF;
}

/* One value; *next is where the next one may begin. */
static bool
take(const char *text, size_t len, size_t *next, const char *path)
{
    json_error_t where;
    json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &where);
    bool ok = json_is_object(root) && (path == NULL || print(walk(root, path)));

    *next = where.position > 0 ? (size_t)where.position : len;
    if (root == NULL)
        (void)fprintf(stderr, "json: line %d: %s\n", where.line, where.text);
    json_decref(root);
    return ok;
}

int
main(int argc, char **argv)
{
    char *text = calloc(1, INPUT_MAX + 1);
    size_t len = text == NULL ? 0 : fread(text, 1, INPUT_MAX, stdin);
    size_t at = 0, next;
    bool ok = len > 0;

    while (ok && at < len && strspn(text + at, " \t\r\n") < len - at) {
        ok = take(text + at, len - at, &next, argc > 1 ? argv[1] : NULL);
        at += next;
    }
    free(text);
    return ok ? 0 : 1;
}
