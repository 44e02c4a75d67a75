/* see setup_text.h */
#include "cli/setup_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK \
    "# Written by \"stekctl setup\", which will write it anew or remove it: change a copy.\n"
#define RELOAD_MARK "# reload %s for %s\n"
#define UNIT_CHARACTERS \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.@-" /* no "\x2d", no "%" */
#define OWN_GROUP "stek"                                                  /* of the service */
#define STATE "/var/lib/stek/" /* it may write there anyway */

bool
setup_reload_set(struct setup_reload *reload, const char *keyset, const char *server)
{
    static const char suffix[] = ".service";
    const char *dot = strrchr(server, '.');
    bool has_suffix = dot != NULL && strcmp(dot, suffix) == 0;
    size_t len = strlen(server) + (has_suffix ? 0 : sizeof suffix - 1);

    if (!control_keyset_ok(keyset) || server[0] == '\0' || server[0] == '.' || server[0] == '-' ||
        len > SETUP_SERVER_MAX || server[strspn(server, UNIT_CHARACTERS)] != '\0')
        return false;
    (void)snprintf(reload->keyset, sizeof reload->keyset, "%s", keyset); /* both fit */
    (void)snprintf(reload->server, sizeof reload->server, "%s%s", server, has_suffix ? "" : suffix);
    return true;
}

char *
setup_reload_name(char out[SETUP_NAME_MAX], const struct setup_reload *reload)
{
    int len = (int)(strlen(reload->server) - strlen(".service"));

    (void)snprintf(out, SETUP_NAME_MAX, "stek-reload-%s-%.*s", reload->keyset, len, reload->server);
    for (char *at = out; *at != '\0'; at++) {
        if (*at == '@' || *at == ':') /* these mean something in a unit's name */
            *at = '-';
    }
    return out;
}

/* ---- the drop-in ---- */

static bool
is_named_before(const struct config *config, size_t index)
{
    const char *name = config->keysets[index].group.name;

    for (size_t i = 0; i < index; i++) {
        if (strcmp(config->keysets[i].group.name, name) == 0)
            return true;
    }
    return false;
}

static void
put_groups(FILE *file, const struct config *config)
{
    bool has_one = false;

    for (size_t i = 0; i < config->count; i++) {
        const char *name = config->keysets[i].group.name;

        if (name[0] == '\0' || strcmp(name, OWN_GROUP) == 0 || is_named_before(config, i))
            continue;
        if (!has_one)
            (void)fputs("# to give keysets to their groups\nSupplementaryGroups=", file);
        (void)fprintf(file, "%s%s", has_one ? " " : "", name);
        has_one = true;
    }
    if (has_one)
        (void)fputc('\n', file);
}

static bool
is_loopback(const struct listen_address *address)
{
    return strncmp(address->text, "127.", 4) == 0 || strncmp(address->text, "[::1]:", 6) == 0;
}

static void
put_network(FILE *file, const struct config_listen *listen)
{
    bool is_local = true;

    if (listen->count == 0)
        return;
    for (size_t i = 0; i < listen->count; i++)
        is_local = is_local && is_loopback(&listen->addresses[i]);
    (void)fputs("# metrics { listen = ... }\n"
                "PrivateNetwork=no\n"
                "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\n",
                file);
    (void)fputs(is_local ? "IPAddressAllow=localhost\n"
                         : "# or only those hosts that ask for them, in a drop-in of your own\n"
                           "IPAddressAllow=any\n",
                file);
}

/* A path as systemd reads it in a list: quoted, and nothing in it means anything. */
static void
put_path(FILE *file, const char *path, size_t len)
{
    (void)fputc('"', file);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)path[i];

        if (c < ' ' || c == 127 || c == '"' || c == '\\')
            (void)fprintf(file, "\\x%02x", c);
        else
            (void)fprintf(file, c == '%' ? "%%%%" : "%c", c);
    }
    (void)fputs("\"\n", file);
}

static void
put_persist(FILE *file, const struct config *config)
{
    for (size_t i = 0; i < config->count; i++) {
        const char *path = config->keysets[i].persist_file;
        const char *slash = strrchr(path, '/');

        if (slash == NULL || strncmp(path, STATE, sizeof STATE - 1) == 0)
            continue;
        (void)fprintf(file, "# keyset %s: persist_file\nReadWritePaths=", config->keysets[i].name);
        put_path(file, path, slash == path ? 1 : (size_t)(slash - path));
    }
}

/* Close, and take what was printed; NULL if memory ended. */
static char *
finish(FILE *file, char **text)
{
    bool failed = ferror(file) != 0;

    if (fclose(file) != 0 || failed) {
        free(*text);
        *text = NULL;
    }
    return *text;
}

char *
setup_drop_in(const struct config *config)
{
    static const char head[] = MARK "[Service]\n";
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);

    if (file == NULL)
        return NULL;
    (void)fputs(head, file); /* finish() looks whether all this went well */
    put_groups(file, config);
    put_network(file, &config->metrics.listen);
    put_persist(file, config);
    if (finish(file, &text) != NULL && len == sizeof head - 1)
        text[0] = '\0';
    return text;
}

/* ---- reloads ---- */

char *
setup_path_unit(const struct setup_reload *reload)
{
    char name[SETUP_NAME_MAX];
    char *text = NULL;

    if (asprintf(&text,
                 MARK RELOAD_MARK "[Unit]\n"
                                  "Description=Watch the published keys of keyset %s for %s\n"
                                  "\n"
                                  "[Path]\n"
                                  "PathChanged=" CONTROL_RUNDIR "/pub/%s\n"
                                  "Unit=%s.service\n"
                                  "\n"
                                  "[Install]\n"
                                  "WantedBy=multi-user.target\n",
                 reload->server, reload->keyset, reload->keyset, reload->server, reload->keyset,
                 setup_reload_name(name, reload)) < 0)
        return NULL;
    return text;
}

char *
setup_service_unit(const struct setup_reload *reload)
{
    char *text = NULL;

    if (asprintf(&text,
                 MARK RELOAD_MARK "[Unit]\n"
                                  "Description=Reload %s, whose keys of keyset %s have changed\n"
                                  "\n"
                                  "[Service]\n"
                                  "Type=oneshot\n"
                                  "# one that is not running reads them when it starts\n"
                                  "ExecCondition=systemctl --quiet is-active %s\n"
                                  "ExecStart=systemctl reload %s\n",
                 reload->server, reload->keyset, reload->server, reload->keyset, reload->server,
                 reload->server) < 0)
        return NULL;
    return text;
}

bool
setup_is_ours(const char *text)
{
    return strncmp(text, MARK, sizeof MARK - 1) == 0;
}

/* Cut the word behind `before` off *text; false if it does not go on so. */
static bool
take_word(char *word, size_t size, const char **text, const char *before)
{
    size_t skip = strlen(before), len;

    if (strncmp(*text, before, skip) != 0)
        return false;
    len = strcspn(*text + skip, " \n");
    if (len >= size)
        return false;
    memcpy(word, *text + skip, len);
    word[len] = '\0';
    *text += skip + len;
    return true;
}

bool
setup_reload_read(struct setup_reload *reload, const char *text)
{
    char server[SETUP_SERVER_MAX + 1], keyset[CONTROL_KEYSET_MAX + 1];

    if (!setup_is_ours(text))
        return false;
    text += sizeof MARK - 1;
    return take_word(server, sizeof server, &text, "# reload ") &&
           take_word(keyset, sizeof keyset, &text, " for ") &&
           setup_reload_set(reload, keyset, server);
}
