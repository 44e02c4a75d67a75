/* tls_part.h - a program or plugin that makes a server's context with whatever TLS library it is
 * linked with, and that library's part of it. */
#ifndef SYSTEM_TLS_PART_H
#define SYSTEM_TLS_PART_H

#define TLS_SHOWN __attribute__((visibility("default")))

TLS_SHOWN unsigned long OpenSSL_version_num(void);
TLS_SHOWN const char *OpenSSL_version(int what);
TLS_SHOWN const void *TLS_client_method(void);
TLS_SHOWN const void *TLS_server_method(void);
TLS_SHOWN void *SSL_CTX_new(const void *method);
TLS_SHOWN const void *SSL_CTX_get_ssl_method(const void *ctx);

/* Make a context and print which library it is of, and whether that library knows it. */
TLS_SHOWN void tls_part_say(const char *who);

#endif
