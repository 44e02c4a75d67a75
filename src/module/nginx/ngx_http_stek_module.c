/* nginx module: session tickets of all virtual hosts under the keys of a stek ring.
 *
 *   http {
 *       stek_ring www;       keyset name, or a path with a slash in it
 *       stek_label LABEL;    optional: joins the context of every ticket, see stek/openssl.h
 *
 * It overrules ssl_session_ticket_key. Tickets are bound to the virtual host that will serve the
 * connection, found by SNI as nginx itself will find it, before nginx does. The ring is mapped
 * while the configuration is read, so as root; keys then change with no reload. */
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <stek/openssl.h>

struct stek_main_conf {
    ngx_str_t name;
    ngx_str_t label;
    struct stek_ring *ring; /* NULL: no stek_ring here */
};

extern ngx_module_t ngx_http_stek_module;

/* ---- which virtual host serves ---- */

/* The address:port that took the connection. As ngx_http_init_connection() finds it, and not from
 * c->data: once early data is read that is no longer the ngx_http_connection_t. */
static ngx_http_addr_conf_t *
find_address(ngx_connection_t *c)
{
    ngx_http_port_t *port = c->listening->servers;
    ngx_http_in_addr_t *addr = port->addrs;
    ngx_uint_t i = 0;

#if (NGX_HAVE_INET6)
    if (c->local_sockaddr->sa_family == AF_INET6) {
        ngx_http_in6_addr_t *addr6 = port->addrs;
        struct sockaddr_in6 *sin6;

        if (port->naddrs > 1) {
            if (ngx_connection_local_sockaddr(c, NULL, 0) != NGX_OK)
                return NULL;
            sin6 = (struct sockaddr_in6 *)c->local_sockaddr;
            while (i < port->naddrs - 1 && ngx_memcmp(&addr6[i].addr6, &sin6->sin6_addr, 16) != 0)
                i++; /* the last one takes all others */
        }
        return &addr6[i].conf;
    }
#endif
    if (port->naddrs > 1) {
        if (ngx_connection_local_sockaddr(c, NULL, 0) != NGX_OK)
            return NULL;
        while (i < port->naddrs - 1 &&
               addr[i].addr != ((struct sockaddr_in *)c->local_sockaddr)->sin_addr.s_addr)
            i++;
    }
    return &addr[i].conf;
}

/* Cut a name as ngx_http_validate_host() does; 0 where that declines it. It is lower-case and
 * holds nothing but letters, digits, '-', '_', '.' and ':' already. */
static ngx_uint_t
clean_host(ngx_str_t *host)
{
    u_char *colon = ngx_strlchr(host->data, host->data + host->len, ':');
    size_t i, last_dot = host->len;

    for (i = 0; i < host->len; i++) {
        if (host->data[i] != '.')
            continue;
        if (i > 0 && last_dot == i - 1)
            return 0;
        last_dot = i;
    }
    if (colon != NULL)
        host->len = colon - host->data;
    if (host->len > 0 && last_dot == host->len - 1) /* the last of all, behind the colon too */
        host->len--;
    return host->len > 0;
}

/* As ngx_http_find_virtual_server(): exact and wildcard names by hash, then regular expressions. */
static ngx_http_core_srv_conf_t *
find_server(ngx_http_addr_conf_t *address, ngx_str_t *host)
{
    ngx_http_virtual_names_t *names = address->virtual_names;
    ngx_http_core_srv_conf_t *server;

    if (names == NULL || !clean_host(host))
        return address->default_server;
    server = ngx_hash_find_combined(&names->names, ngx_hash_key(host->data, host->len), host->data,
                                    host->len);
    if (server != NULL)
        return server;
#if (NGX_PCRE)
    {
        ngx_uint_t i;

        for (i = 0; i < names->nregex; i++)
            if (ngx_regex_exec(names->regex[i].regex->regex, host, NULL, 0) >= 0)
                return names->regex[i].server;
    }
#endif
    return address->default_server;
}

static SSL_CTX *
context_of(ngx_http_core_srv_conf_t *server)
{
    ngx_http_ssl_srv_conf_t *ssl = server->ctx->srv_conf[ngx_http_ssl_module.ctx_index];

    return ssl->ssl.ctx;
}

/* The resolve option of the adapter. */
static SSL_CTX *
resolve_server(SSL *ssl, const char *sni, void *arg)
{
    ngx_http_addr_conf_t *address = find_address(ngx_ssl_get_connection(ssl));
    ngx_str_t host;
    SSL_CTX *ctx;

    if (address == NULL)
        return NULL;
    host.data = (u_char *)sni;
    host.len = ngx_strlen(sni);
    ctx = context_of(find_server(address, &host));
    /* a server without certificates is served with those of the default one */
    return ctx != NULL ? ctx : context_of(address->default_server);
}

static void
warn_log(const char *text, void *arg)
{
    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0, "stek_ring: %s (stek_label)", text);
}

/* ---- configuration ---- */

static void *
create_main_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(struct stek_main_conf));
}

static void
close_ring(void *data)
{
    stek_ring_close(data);
}

static char *
set_ring(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct stek_main_conf *mcf = conf;
    ngx_str_t *args = cf->args->elts;
    ngx_pool_cleanup_t *cleanup;
    enum stek_status status;

    if (mcf->ring != NULL)
        return "is duplicate";
    mcf->name = args[1];
    if (ngx_strchr(mcf->name.data, '/') != NULL &&
        ngx_conf_full_name(cf->cycle, &mcf->name, 0) != NGX_OK)
        return NGX_CONF_ERROR;
    cleanup = ngx_pool_cleanup_add(cf->pool, 0);
    if (cleanup == NULL)
        return NGX_CONF_ERROR;
    status = stek_ring_open(&mcf->ring, (const char *)mcf->name.data);
    if (status != STEK_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, status == STEK_SYSTEM ? ngx_errno : 0,
                           "stek_ring \"%V\": %s", &mcf->name, stek_status_text(status));
        return NGX_CONF_ERROR;
    }
    cleanup->handler = close_ring;
    cleanup->data = &mcf->ring;
    status = stek_ring_tick(mcf->ring, stek_now());
    if (status != STEK_OK && status != STEK_NO_KEY)
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "stek_ring \"%V\": %s No tickets until it is there and nginx reloaded",
                           &mcf->name, stek_status_text(status));
    return NGX_CONF_OK;
}

static ngx_int_t
attach_servers(ngx_conf_t *cf)
{
    struct stek_main_conf *mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_stek_module);
    ngx_http_core_main_conf_t *core = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    ngx_http_core_srv_conf_t **servers = core->servers.elts;
    ngx_uint_t i;
    STEK_OPENSSL_OPTIONS(options);

    if (mcf->ring == NULL)
        return NGX_OK;
    options.label = mcf->label.len > 0 ? (const char *)mcf->label.data : NULL;
    options.resolve = resolve_server;
    options.warn = warn_log;
    for (i = 0; i < core->servers.nelts; i++) {
        SSL_CTX *ctx = context_of(servers[i]);
        enum stek_status status =
            ctx == NULL ? STEK_OK : stek_openssl_attach(ctx, mcf->ring, &options);

        if (status != STEK_OK) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "stek_ring \"%V\": %s", &mcf->name,
                          stek_status_text(status));
            return NGX_ERROR;
        }
    }
    return NGX_OK;
}

static ngx_command_t commands[] = {
    {ngx_string("stek_ring"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, set_ring,
     NGX_HTTP_MAIN_CONF_OFFSET, 0, NULL},
    {ngx_string("stek_label"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, ngx_conf_set_str_slot,
     NGX_HTTP_MAIN_CONF_OFFSET, offsetof(struct stek_main_conf, label), NULL},
    ngx_null_command,
};

static ngx_http_module_t context = {
    NULL, attach_servers, create_main_conf, NULL, NULL, NULL, NULL, NULL,
};

ngx_module_t ngx_http_stek_module = {
    NGX_MODULE_V1, &context, commands, NGX_HTTP_MODULE,       NULL, NULL, NULL, NULL,
    NULL,          NULL,     NULL,     NGX_MODULE_V1_PADDING,
};
