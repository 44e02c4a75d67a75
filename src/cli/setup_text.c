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

/* What the drop-in opens of the network. */
enum network { NETWORK_NONE, NETWORK_LOOPBACK, NETWORK_ANY };

static enum network
network_of_metrics(const struct config_listen *listen)
{
    enum network network = NETWORK_NONE;

    for (size_t i = 0; i < listen->count; i++) {
        const char *text = listen->addresses[i].text;
        bool is_local = strncmp(text, "127.", 4) == 0 || strncmp(text, "[::1]:", 6) == 0;

        if (!is_local || network == NETWORK_NONE)
            network = is_local ? NETWORK_LOOPBACK : NETWORK_ANY;
    }
    return network;
}

static bool
has_sockets(const struct config *config)
{
    for (size_t i = 0; i < config->count; i++) {
        const struct config_shares *shares = &config->keysets[i].shares;

        for (size_t n = 0; n < shares->count; n++)
            if (shares->all[n].kind->has_sockets)
                return true;
    }
    return false;
}

/* Name lookups of share { } ask the kernel which addresses there are: AF_NETLINK. */
static void
put_network(FILE *file, const struct config *config)
{
    enum network network = network_of_metrics(&config->metrics.listen);
    bool is_shared = has_sockets(config);

    if (network == NETWORK_NONE && !is_shared)
        return;
    if (network != NETWORK_NONE)
        (void)fputs("# metrics { listen = ... }\n", file);
    if (is_shared)
        (void)fputs("# share \"...\" { }\n", file);
    (void)fprintf(file,
                  "PrivateNetwork=no\n"
                  "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6%s\n",
                  is_shared ? " AF_NETLINK" : "");
    (void)fputs(network == NETWORK_LOOPBACK && !is_shared
                    ? "IPAddressAllow=localhost\n"
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

/* It writes in this folder, of `len` characters. */
static void
put_folder(FILE *file, const char *keyset, const char *option, const char *path, size_t len)
{
    if (strncmp(path, STATE, sizeof STATE - 1) == 0)
        return;
    (void)fprintf(file, "# keyset %s: %s\nReadWritePaths=", keyset, option);
    put_path(file, path, len);
}

static void
put_file(FILE *file, const char *keyset, const char *option, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash != NULL)
        put_folder(file, keyset, option, path, slash == path ? 1 : (size_t)(slash - path));
}

static void
put_folders(FILE *file, const struct config_keyset *keyset)
{
    put_file(file, keyset->name, "persist_file", keyset->persist_file);
    put_file(file, keyset->name, "farm", keyset->farm);
    for (size_t i = 0; i < keyset->shares.count; i++) {
        const struct config_share *share = &keyset->shares.all[i];
        const char *option = share->kind->folder_option;
        const char *path =
            option == NULL ? NULL : engine_option_get(share->options, share->option_count, option);

        if (path != NULL)
            put_folder(file, keyset->name, option, path, strlen(path));
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
    put_network(file, config);
    for (size_t i = 0; i < config->count; i++)
        put_folders(file, &config->keysets[i]);
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
