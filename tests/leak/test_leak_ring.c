/* Whoever used a key and wiped it has left no copy of its secret on the stack: neither libstek's
 * reader nor the writer. The work runs in a thread with a stack of our own, which is searched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stek/stek.h>

#include "ring_support.h"

#define STACK_LEN ((size_t)256 * 1024)
#define DEPTH ((size_t)64 * 1024) /* what ends the thread does not write over traces down there */
#define RUN 8                     /* so many bytes of the secret in a row are a copy */

struct work {
    struct scratch scratch;
    struct keyset set;
    struct stek_ring *ring;
    bool (*run)(struct work *work);
    bool done;
};

static bool
read_keys(struct work *work)
{
    int renew;
    bool read;
    STEK_KEY(sealing);
    STEK_KEY(opening);

    read = stek_ring_sealing_key(work->ring, &sealing, RING_S) == STEK_OK &&
           stek_ring_opening_key(work->ring, &opening, &renew, sealing.name, RING_S) == STEK_OK &&
           memcmp(sealing.secret, work->set.keys[0].secret.bytes, STEK_SECRET_LEN) == 0;
    stek_ring_count(work->ring, STEK_SEALED, sealing.name);
    return read;
}

static bool
read_in_vain(struct work *work)
{
    int renew;
    STEK_KEY(key);

    return stek_ring_opening_key(work->ring, &key, &renew, work->set.keys[0].name,
                                 RING_S + 1000000) == STEK_NO_KEY;
}

static bool
load_keys(struct work *work)
{
    struct ring_writer writer;
    KEYSET(back);
    bool done = ring_writer_open(&writer, work->scratch.ring, 64, NO_GROUP, NULL) &&
                ring_writer_load(&writer, &back, NOW_MS, NULL) && back.key_count == 1;

    ring_writer_close(&writer);
    return done;
}

static bool
write_keys(struct work *work)
{
    struct ring_writer writer;
    KEYSET(back);
    bool done = ring_writer_open(&writer, work->scratch.ring, 64, NO_GROUP, NULL) &&
                ring_writer_load(&writer, &back, NOW_MS, NULL) && back.key_count == 1 &&
                keyset_revoke_name(&back, back.keys[0].name, NOW_S + 9999, NOW_MS, NULL) ==
                    KEYSET_CHANGED &&
                ring_store(&writer, &back, 0) && ring_store(&writer, &work->set, 0);

    ring_writer_close(&writer);
    return done;
}

/* The search itself works: this one leaves a copy. */
static bool
leave_a_copy(struct work *work)
{
    volatile uint8_t copy[STEK_SECRET_LEN];

    for (size_t i = 0; i < sizeof copy; i++)
        copy[i] = work->set.keys[0].secret.bytes[i];
    return copy[0] == work->set.keys[0].secret.bytes[0];
}

static void __attribute__((noinline)) run_deep_down(struct work *work)
{
    volatile uint8_t room[DEPTH];

    room[0] = 0;
    room[DEPTH - 1] = room[0];
    work->done = work->run(work);
}

static void *
thread(void *arg)
{
    run_deep_down(arg);
    return NULL;
}

/* How many runs of the secret's bytes are on the stack after the work; SIZE_MAX if it failed. */
static size_t
traces(struct work *work, bool (*run)(struct work *work))
{
    const uint8_t *secret = work->set.keys[0].secret.bytes;
    void *stack = mmap(NULL, STACK_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_attr_t attr;
    pthread_t id;
    size_t found = 0;

    work->run = run;
    work->done = false;
    if (stack == MAP_FAILED || pthread_attr_init(&attr) != 0 ||
        pthread_attr_setstack(&attr, stack, STACK_LEN) != 0 ||
        pthread_create(&id, &attr, thread, work) != 0 || pthread_join(id, NULL) != 0)
        return SIZE_MAX;
    for (size_t i = 0; i + RUN <= STACK_LEN; i++)
        for (size_t j = 0; j + RUN <= STEK_SECRET_LEN; j++)
            found += memcmp((uint8_t *)stack + i, secret + j, RUN) == 0;
    (void)munmap(stack, STACK_LEN);
    return work->done ? found : SIZE_MAX;
}

static bool
work_open(struct work *work)
{
    struct ring_writer writer;
    uint64_t rng = rng_seed();
    struct key key = key_of((uint16_t)rng, 0);
    char count[120];
    bool done;

    *work = (struct work){.ring = NULL};
    rng_fill(&rng, key.secret.bytes, sizeof key.secret.bytes); /* in no program's text */
    if (!scratch_open(&work->scratch))
        return false;
    (void)snprintf(count, sizeof count, "%s/count", work->scratch.folder);
    if (mkdir(count, 0755) != 0)
        return false;
    (void)snprintf(count, sizeof count, "%s/count/www", work->scratch.folder);
    done = mkdir(count, 0755) == 0 &&
           keyset_add(&work->set, &key, NOW_MS, NULL) == KEYSET_CHANGED &&
           ring_writer_open(&writer, work->scratch.ring, 64, NO_GROUP, NULL);
    if (!done)
        return false;
    done = ring_store(&writer, &work->set, 0);
    ring_writer_close(&writer);
    return done && stek_ring_open(&work->ring, work->scratch.ring) == STEK_OK;
}

static void
work_close(struct work *work)
{
    stek_ring_close(&work->ring);
    keyset_free(&work->set);
    scratch_close(&work->scratch);
}

static void
test_nothing_is_left(void **state)
{
    struct work work;

    (void)state;
    assert_true(work_open(&work));
    assert_in_range(traces(&work, leave_a_copy), STEK_SECRET_LEN - RUN + 1, 1000);
    assert_int_equal(traces(&work, read_keys), 0);
    assert_int_equal(traces(&work, read_in_vain), 0);
    assert_int_equal(traces(&work, load_keys), 0);
    assert_int_equal(traces(&work, write_keys), 0);
    work_close(&work);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
