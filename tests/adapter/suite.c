/* see suite.h */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TESTS_MAX 200

const struct server_options suite_plain = {.names = "a.example"};

void *
suite_serve(const struct run *run, const struct server_options *options)
{
    return run->driver->server_new(options, run->ring);
}

struct got
suite_shake(const struct run *run, void *server, const char *sni, SSL_SESSION *offer)
{
    const struct ask ask = {.version = run->version, .sni = sni, .offer = offer};
    struct got got;

    client_shake(&got, run->driver, server, &ask);
    return got;
}

SSL_SESSION *
suite_session(const struct run *run, const struct server_options *options)
{
    void *server = suite_serve(run, options);
    struct got got = {0};

    if (server == NULL)
        return NULL;
    got = suite_shake(run, server, "a.example", NULL);
    run->driver->server_free(server);
    if (!got.done)
        client_done(&got);
    return got.session;
}

int
suite_offer(const struct run *run, const struct server_options *options, const char *sni,
            SSL_SESSION *session)
{
    void *server = suite_serve(run, options);
    struct got got;

    if (server == NULL)
        return -1;
    got = suite_shake(run, server, sni, session);
    run->driver->server_free(server);
    client_done(&got);
    return got.done ? got.resumed : -1;
}

int
suite_cross(const struct run *run, const struct server_options *from,
            const struct server_options *to, const char *sni)
{
    SSL_SESSION *session = suite_session(run, from);
    int resumed = session == NULL ? -2 : suite_offer(run, to, sni, session);

    SSL_SESSION_free(session);
    return resumed;
}

bool
suite_is_key(const struct run *run, const struct got *got, unsigned id)
{
    return got->tickets > 0 && memcmp(got->name, run->farm.names[id], sizeof got->name) == 0;
}

/* ---- the program ---- */

static int
setup(void **state)
{
    struct run *run = *state;

    if (!farm_init(&run->farm) || !farm_begin(&run->farm) || !farm_seal(&run->farm, 0, -10))
        return -1;
    return stek_ring_open(&run->ring, run->farm.path) == STEK_OK ? 0 : -1;
}

static int
teardown(void **state)
{
    struct run *run = *state;

    stek_ring_close(&run->ring);
    farm_free(&run->farm);
    return 0;
}

struct program {
    struct CMUnitTest tests[TESTS_MAX];
    char names[TESTS_MAX][80];
    struct run runs[TESTS_MAX];
    size_t count;
};

static void
add(struct program *program, const struct driver *driver, const struct suite_list *list, bool is_13)
{
    for (size_t i = 0; i < list->count && program->count < TESTS_MAX; i++) {
        size_t n = program->count;

        if ((list->cases[i].needs & ~driver->can) != 0)
            continue;
        (void)snprintf(program->names[n], sizeof program->names[n], "%s, TLS 1.%c: %s",
                       driver->name, is_13 ? '3' : '2', list->cases[i].name); /* may be cut */
        program->runs[n] =
            (struct run){.driver = driver, .version = is_13 ? TLS1_3_VERSION : TLS1_2_VERSION};
        program->tests[n] = (struct CMUnitTest){.name = program->names[n],
                                                .test_func = list->cases[i].test,
                                                .setup_func = setup,
                                                .teardown_func = teardown,
                                                .initial_state = &program->runs[n]};
        program->count++;
    }
}

static void
add_all(struct program *program, const struct driver *driver, const struct suite_list *const *lists)
{
    for (; *lists != NULL; lists++)
        for (int is_13 = 0; is_13 <= ((driver->can & CAN_TLS13) != 0); is_13++)
            add(program, driver, *lists, is_13 == 1);
}

int
suite_run(const struct driver *driver, const struct suite_list *const *more)
{
    const struct suite_list *const lists[] = {&cases_keys,   &cases_time,   &cases_context,
                                              &cases_client, &cases_switch, &cases_hostile,
                                              &cases_early,  NULL};
    struct program *program = calloc(1, sizeof *program);
    int failed;

    if (program == NULL)
        return 1;
    add_all(program, driver, lists);
    add_all(program, driver, more);
    failed = _cmocka_run_group_tests(driver->name, program->tests, program->count, NULL, NULL);
    free(program);
    return failed;
}
