/* Options of the etcd engine; see etcd_inner.h */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "share/etcd_inner.h"

#define HEARTBEAT_MIN_MS 200UL
#define HEARTBEAT_MAX_MS 60000UL
#define URL_MAX 300U

/* https://HOST:PORT: HOST a name, an address, or one of IPv6 in []. */
static bool
check_endpoint(const char *url, struct err *err)
{
    static const char scheme[] = "https://";
    const char *host = url + sizeof scheme - 1, *port = strrchr(url, ':');
    size_t host_len;

    if (strncmp(url, "http://", 7) == 0)
        return err_set(err, "endpoints: %.300s: over TLS alone: https://HOST:PORT", url);
    if (strncmp(url, scheme, sizeof scheme - 1) != 0 || port == NULL || port < host ||
        strlen(url) > URL_MAX)
        return err_set(err, "endpoints: %.300s: write https://HOST:PORT, of one member each", url);
    host_len = strcspn(host, "]");
    host_len = host[0] == '[' && host[host_len] == ']' ? host_len + 1 : (size_t)(port - host);
    if (host_len == 0 || host + host_len != port || port[1] == '\0' || strlen(port + 1) > 5 ||
        strspn(port + 1, "0123456789") != strlen(port + 1) ||
        strspn(host + (host[0] == '['), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "0123456789.:-_") < host_len - (host[0] == '[' ? 2 : 0))
        return err_set(err, "endpoints: %.300s: write https://HOST:PORT, of one member each", url);
    if (host[0] != '[' && memchr(host, ':', host_len) != NULL)
        return err_set(err, "endpoints: %.300s: an IPv6 address goes in []", url);
    return true;
}

static bool
check_endpoints(const struct engine_option *options, size_t count, struct err *err)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        if (strcmp(options[i].name, "endpoints") != 0)
            continue;
        if (!check_endpoint(options[i].value, err))
            return false;
        found++;
    }
    if (found == 0)
        return err_set(err, "endpoints: give those of etcd's members: {\"https://HOST:2379\"}");
    return found <= ETCD_ENDPOINTS_MAX ||
           err_set(err, "endpoints: at most %u: a few are enough", ETCD_ENDPOINTS_MAX);
}

static bool
check_path(const struct engine_option *options, size_t count, const char *name, const char *what,
           struct err *err)
{
    const char *path = engine_option_get(options, count, name);

    return (path != NULL && path[0] == '/') ||
           err_set(err, "%s: give the file with %s, from / on", name, what);
}

/* Of the characters that need no thought in etcd's tools and roles. */
static bool
check_prefix(const char *prefix, struct err *err)
{
    size_t len = prefix == NULL ? 0 : strlen(prefix);

    if (prefix == NULL)
        return true;
    if (len == 0 || len > ETCD_PREFIX_MAX || prefix[len - 1] != '/' ||
        strspn(prefix, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-") < len)
        return err_set(err,
                       "prefix: up to %u letters, digits and any of /._-, with a / at its end: "
                       "\"" ETCD_PREFIX "\" if nothing is said",
                       ETCD_PREFIX_MAX);
    return true;
}

/* "2s", "500ms". */
static bool
read_heartbeat(unsigned *out_ms, const char *text, struct err *err)
{
    char *end = NULL;
    unsigned long value;

    if (text == NULL)
        return true;
    errno = 0;
    value = text[0] >= '0' && text[0] <= '9' ? strtoul(text, &end, 10) : 0;
    if (end != NULL && errno == 0 && value <= HEARTBEAT_MAX_MS) {
        if (strcmp(end, "s") == 0)
            value *= 1000;
        else if (strcmp(end, "ms") != 0)
            value = 0;
        if (value >= HEARTBEAT_MIN_MS && value <= HEARTBEAT_MAX_MS) {
            *out_ms = (unsigned)value;
            return true;
        }
    }
    return err_set(err, "heartbeat: %.60s: from 200ms to 60s; 2s if nothing is said", text);
}

bool
etcd_options_check(const struct engine_option *options, size_t count, struct err *err)
{
    unsigned heartbeat_ms;

    return check_endpoints(options, count, err) &&
           check_path(options, count, "ca", "the CA that signed etcd's certificates, in PEM",
                      err) &&
           check_path(options, count, "cert", "the certificate of this host, in PEM", err) &&
           check_path(options, count, "key", "its key, in PEM", err) &&
           check_prefix(engine_option_get(options, count, "prefix"), err) &&
           read_heartbeat(&heartbeat_ms, engine_option_get(options, count, "heartbeat"), err);
}

/* "PREFIX KEYSET/k/", and the same with its last byte plus one. */
static bool
take_folder(struct etcd *etcd, enum record_kind kind, const char *prefix, const char *keyset)
{
    size_t len = strlen(prefix) + strlen(keyset) + 3;

    etcd->from[kind] = malloc(len + 1);
    etcd->until[kind] = malloc(len + 1);
    if (etcd->from[kind] == NULL || etcd->until[kind] == NULL)
        return false;
    (void)snprintf(etcd->from[kind], len + 1, "%s%s/%c/", prefix, keyset, /* fits, as the next */
                   kind == RECORD_KEYS ? 'k' : 's');
    (void)snprintf(etcd->until[kind], len + 1, "%s%s/%c%c", prefix, keyset,
                   kind == RECORD_KEYS ? 'k' : 's', '/' + 1);
    return true;
}

bool
etcd_options_take(struct etcd *etcd, const struct engine_setup *setup)
{
    const struct engine_option *options = setup->options;
    size_t count = setup->option_count;
    const char *prefix = engine_option_get(options, count, "prefix");

    prefix = prefix == NULL ? ETCD_PREFIX : prefix;
    etcd->heartbeat_ms = ETCD_HEARTBEAT_MS;
    /* check() has let it by */
    (void)read_heartbeat(&etcd->heartbeat_ms, engine_option_get(options, count, "heartbeat"), NULL);
    etcd->ca = strdup(engine_option_get(options, count, "ca"));
    etcd->cert = strdup(engine_option_get(options, count, "cert"));
    etcd->key = strdup(engine_option_get(options, count, "key"));
    for (size_t i = 0; i < count && etcd->endpoint_count < ETCD_ENDPOINTS_MAX; i++) {
        if (strcmp(options[i].name, "endpoints") != 0)
            continue;
        etcd->endpoints[etcd->endpoint_count] = strdup(options[i].value);
        if (etcd->endpoints[etcd->endpoint_count++] == NULL)
            return false;
    }
    return etcd->ca != NULL && etcd->cert != NULL && etcd->key != NULL &&
           take_folder(etcd, RECORD_KEYS, prefix, setup->keyset) &&
           take_folder(etcd, RECORD_STATUS, prefix, setup->keyset);
}

void
etcd_options_free(struct etcd *etcd)
{
    free(etcd->ca);
    free(etcd->cert);
    free(etcd->key);
    for (size_t i = 0; i < etcd->endpoint_count; i++)
        free(etcd->endpoints[i]);
    for (size_t kind = 0; kind < ETCD_KINDS; kind++) {
        free(etcd->from[kind]);
        free(etcd->until[kind]);
    }
}
