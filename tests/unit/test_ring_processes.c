/* A ring that was mapped once stays right for the process and its children, with privileges
 * dropped, while writers die and start; and writers killed at random leave no harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stek/stek.h>

#include "ring_support.h"

/* ---- a process that reads a ring when it is asked to ---- */

struct question {
    uint64_t now;
    uint8_t name[STEK_NAME_LEN];
};

struct answer {
    enum stek_status tick, sealing, opening;
    uint8_t sealing_name[STEK_NAME_LEN], secret[STEK_SECRET_LEN];
};

struct server {
    pid_t pid;
    int ask, answer;
};

static int
serve(struct stek_ring *ring, int ask, int answer)
{
    struct question question;

    while (read(ask, &question, sizeof question) == (ssize_t)sizeof question) {
        struct answer reply = {.tick = stek_ring_tick(ring, question.now)};
        int renew;
        STEK_KEY(key);

        reply.sealing = stek_ring_sealing_key(ring, &key, question.now);
        memcpy(reply.sealing_name, key.name, sizeof key.name);
        reply.opening = stek_ring_opening_key(ring, &key, &renew, question.name, question.now);
        memcpy(reply.secret, key.secret, sizeof key.secret);
        if (write(answer, &reply, sizeof reply) != (ssize_t)sizeof reply)
            return 1;
    }
    return 0;
}

/* Open the ring, drop privileges, and fork, as servers do; the child answers. */
static int
be_server(const char *path, int ask, int answer)
{
    struct stek_ring *ring;
    pid_t pid;
    int status;

    if (stek_ring_open(&ring, path) != STEK_OK)
        return 1;
    if (geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
        return 2;
    pid = child_fork();
    if (pid == 0)
        _exit(serve(ring, ask, answer));
    (void)close(ask);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return 3;
    stek_ring_close(&ring);
    return WEXITSTATUS(status);
}

static bool
server_start(struct server *server, const char *path)
{
    int ask[2], answer[2];

    if (pipe(ask) != 0 || pipe(answer) != 0)
        return false;
    server->pid = child_fork();
    if (server->pid == 0) {
        (void)close(ask[1]);
        (void)close(answer[0]);
        _exit(be_server(path, ask[0], answer[1]));
    }
    (void)close(ask[0]);
    (void)close(answer[1]);
    server->ask = ask[1];
    server->answer = answer[0];
    return server->pid > 0;
}

static struct answer
server_ask(const struct server *server, uint64_t now, const uint8_t name[STEK_NAME_LEN])
{
    struct question question = {.now = now};
    struct answer answer = {.tick = STEK_SYSTEM};

    memcpy(question.name, name, sizeof question.name);
    if (write(server->ask, &question, sizeof question) != (ssize_t)sizeof question ||
        read(server->answer, &answer, sizeof answer) != (ssize_t)sizeof answer)
        answer.tick = STEK_SYSTEM;
    return answer;
}

static int
server_stop(const struct server *server)
{
    int status = -1;

    (void)close(server->ask);
    (void)close(server->answer);
    return waitpid(server->pid, &status, 0) == server->pid ? status : -1;
}

/* ---- writers that die ---- */

struct store {
    const struct scratch *scratch;
    uint16_t keys; /* how many it stores */
};

static int
store_and_die(void *arg)
{
    const struct store *store = arg;
    struct ring_writer writer;
    KEYSET(set);

    if (!ring_writer_open(&writer, store->scratch->ring, 64, NO_GROUP, NULL))
        return 1;
    if (!ring_writer_load(&writer, &set, NOW_MS, NULL))
        return 2;
    for (uint16_t i = 1; i <= store->keys; i++) {
        struct key key = key_of(i, 3600 * (i - 1));

        if (keyset_add(&set, &key, NOW_MS, NULL) == KEYSET_REFUSED)
            return 3;
    }
    if (set.key_count != store->keys || !ring_store(&writer, &set, 0))
        return 4;
    (void)kill(getpid(), SIGKILL);
    return 5;
}

/* R-RING-2: mapped before privileges are dropped, read in a forked child; each writer dies with -9
 * and the next one goes on in the same file, and its keys are seen in the same mapping. */
static void
test_mapped_once(void **state)
{
    struct scratch scratch;
    struct store store = {.scratch = &scratch};
    struct server server;

    (void)state;
    assert_true(scratch_open(&scratch));
    store.keys = 1;
    assert_int_equal(child_run(store_and_die, &store, 0), 100 + SIGKILL);
    assert_true(server_start(&server, scratch.ring));
    for (store.keys = 2; store.keys < 8; store.keys++) {
        struct key newest = key_of(store.keys, 0);
        struct answer answer = server_ask(&server, RING_S, newest.name);

        assert_int_equal(answer.tick, STEK_OK);
        assert_int_equal(answer.sealing, STEK_OK);
        assert_int_equal(answer.opening, STEK_NO_KEY);
        assert_int_equal(child_run(store_and_die, &store, 0), 100 + SIGKILL);
        answer = server_ask(&server, RING_S + 3600U * (store.keys - 1U), newest.name);
        assert_int_equal(answer.tick, STEK_OK);
        assert_int_equal(answer.opening, STEK_OK);
        assert_memory_equal(answer.secret, newest.secret.bytes, STEK_SECRET_LEN);
        assert_int_equal(answer.sealing, STEK_OK);
        assert_memory_equal(answer.sealing_name, newest.name, STEK_NAME_LEN);
    }
    assert_int_equal(server_stop(&server), 0);
    scratch_close(&scratch);
}

/* The sets that the busy writer goes to and fro between. */
static bool
make_sets(struct keyset *odd, struct keyset *even)
{
    for (uint16_t i = 1; i <= 20; i++) {
        struct key key = key_of(i, 0);
        struct keyset *set = i % 2 == 0 ? even : odd;

        if (keyset_add(set, &key, NOW_MS, NULL) != KEYSET_CHANGED)
            return false;
    }
    return true;
}

static int
write_for_ever(void *arg)
{
    const struct scratch *scratch = arg;
    struct ring_writer writer;
    KEYSET(odd);
    KEYSET(even);

    if (!make_sets(&odd, &even) || !ring_writer_open(&writer, scratch->ring, 64, NO_GROUP, NULL))
        return 1;
    while (ring_store(&writer, &odd, 0) && ring_store(&writer, &even, 0))
        ;
    return 2;
}

/* NULL if a reader sees one of the two sets, whole; else what is wrong. */
static const char *
look(struct stek_ring *ring)
{
    int found = 0, from_odd = 0, renew;

    for (uint16_t i = 1; i <= 20; i++) {
        struct key want = key_of(i, 0);
        STEK_KEY(key);

        if (stek_ring_opening_key(ring, &key, &renew, want.name, RING_S) != STEK_OK)
            continue;
        found++;
        from_odd += i % 2;
        if (memcmp(key.secret, want.secret.bytes, sizeof key.secret) != 0)
            return "a key is not what it was";
    }
    if (found != 10 || (from_odd != 0 && from_odd != 10))
        return "a mix of two states";
    return NULL;
}

/* R-RING-1, with writers that are killed whenever it happens. */
static void
test_killed_at_random(void **state)
{
    struct scratch scratch;
    struct stek_ring *ring;
    struct ring_writer writer;
    uint64_t rng = rng_seed();
    KEYSET(odd);
    KEYSET(even);

    (void)state;
    assert_true(scratch_open(&scratch));
    assert_true(make_sets(&odd, &even));
    assert_true(ring_writer_open(&writer, scratch.ring, 64, NO_GROUP, NULL));
    assert_true(ring_store(&writer, &odd, 0));
    assert_int_equal(stek_ring_open(&ring, scratch.ring), STEK_OK);
    ring_writer_close(&writer);
    for (int round = 0; round < 100; round++) {
        pid_t pid = child_fork();
        struct timespec a_while = {.tv_nsec = (long)rng_below(&rng, 3000000)};
        int status;

        if (pid == 0)
            _exit(write_for_ever(&scratch));
        (void)nanosleep(&a_while, NULL); /* any moment will do */
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_null(look(ring));
    }
    assert_true(ring_writer_open(&writer, scratch.ring, 64, NO_GROUP, NULL));
    assert_null(look(ring));
    assert_memory_equal(writer.image.half[0].head, writer.image.half[1].head,
                        sizeof(struct ring_half) + 128U * writer.image.half[0].buckets);
    ring_writer_close(&writer);
    stek_ring_close(&ring);
    scratch_close(&scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mapped_once),
        cmocka_unit_test(test_killed_at_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
