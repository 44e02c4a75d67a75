/* suite.h - the cases that every TLS library must pass, in TLS 1.2 and 1.3. A case is a cmocka test
 * whose state is a struct run; a library adds a driver and one line of main. */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client.h"
#include "driver.h"
#include "farm.h"

/* What a case starts with: a ring whose key 0 seals. */
struct run {
    const struct driver *driver;
    int version; /* TLS1_2_VERSION or TLS1_3_VERSION */
    struct farm farm;
    struct stek_ring *ring;
};

struct suite_case {
    const char *name;
    void (*test)(void **state);
    unsigned needs; /* CAN_... */
};

struct suite_list {
    const struct suite_case *cases;
    size_t count;
};

extern const struct suite_list cases_keys, cases_time, cases_context, cases_client, cases_switch,
    cases_hostile, cases_early;

/* Run all cases, and those of that library alone: a list of lists, ended by NULL. What main
 * returns. */
int suite_run(const struct driver *driver, const struct suite_list *const *more);

/* A server for a.example, with nothing else about it. */
extern const struct server_options suite_plain;

/* NULL if it could not be made. `options` must last as long as the server. */
void *suite_serve(const struct run *run, const struct server_options *options);

struct got suite_shake(const struct run *run, void *server, const char *sni, SSL_SESSION *offer);

/* A handshake at a.example with a server that lives just for it; a session to offer, or NULL. */
SSL_SESSION *suite_session(const struct run *run, const struct server_options *options);

/* Offer the session to such a server: 1 resumed, 0 not, -1 the handshake failed. */
int suite_offer(const struct run *run, const struct server_options *options, const char *sni,
                SSL_SESSION *session);

/* Seal at a.example with one server, open with another: as suite_offer, -2 if there was no
 * ticket. */
int suite_cross(const struct run *run, const struct server_options *from,
                const struct server_options *to, const char *sni);

/* True if the newest ticket is of key `id` of the run's ring. */
bool suite_is_key(const struct run *run, const struct got *got, unsigned id);

#endif
