/* tls_load.h - plugins that hold a tls_part. */
#ifndef SYSTEM_TLS_LOAD_H
#define SYSTEM_TLS_LOAD_H

/* Load one, so that nobody else sees its symbols, and let it say. 1: done; 0: there is none. */
int tls_load(const char *plugin);

#endif
