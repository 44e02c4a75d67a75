/* preload_library.h - inside the preload: which libssl the code that called us would have had, had
 * we not stood in front of it. A process may hold several; the ring is for one of them. */
#ifndef MODULE_PRELOAD_LIBRARY_H
#define MODULE_PRELOAD_LIBRARY_H

#include <openssl/ssl.h>
#include <stdbool.h>

#define PRELOAD_TEXT_LEN 256

enum preload_line { PRELOAD_OPENSSL_3, PRELOAD_OPENSSL_1_1 };

/* The function that `caller`, an address in some code, would have called by that name: all that
 * comes to us is passed on to it. NULL: there is none. Without a caller (NULL) only the libraries
 * of the process count, not those of its plugins. Code that asks for no version is OpenSSL 3's. */
void *preload_library_find(enum preload_line line, const char *name, const void *caller);

/* A library is known by its SSL_CTX_new, as preload_library_find() gives it. */

/* True for the library that openssl_calls leads to, which is the first OpenSSL 3 that this was
 * asked for. Else a sentence says why it is not that. */
bool preload_library_is_ours(void *ctx_new, char why_not[PRELOAD_TEXT_LEN]);

/* The same without choosing one. */
bool preload_library_was_chosen(void *ctx_new);

/* True for what that library calls TLS_client_method(). */
bool preload_library_is_client(void *ctx_new, const SSL_METHOD *method);

#endif
