/* R-LOCAL-3: a process that is killed at any store of a rotation, or stopped there, holds up
 * nobody. The code is compiled in with a hook before every store, where a forked child ends. */
#include <signal.h>
#include <unistd.h>

static unsigned steps_left; /* of this process's rotation; 0: all */
static int step_signal = SIGKILL;

static inline void
step(void)
{
    if (steps_left > 0 && --steps_left == 0)
        (void)kill(getpid(), step_signal);
}

#define WORD_STEP() step()
#include "ring/image_change.c"
#include "ring/image_write.c"
#include "ring/local.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image_support.h"

#define ROTATE 100U
#define START ((uint64_t)100000)
#define THEN (START + 2 * ROTATE) /* when the child rotates: the first key is over by then */
#define EARLY 20                  /* stores: in the idle half */
#define STEPS_MAX 5000

/* A ring with two keys, of which the first is over at THEN. */
static struct stek_ring *
set_up(struct stek_key keys[2])
{
    struct stek_ring *ring = NULL;
    STEK_POLICY(policy);

    policy.rotate = ROTATE;
    policy.lifetime = ROTATE / 2;
    keys[0].size = keys[1].size = sizeof keys[0];
    if (stek_ring_local(&ring, &policy) != STEK_OK ||
        stek_ring_sealing_key(ring, &keys[0], START) != STEK_OK ||
        stek_ring_sealing_key(ring, &keys[1], START + ROTATE) != STEK_OK)
        return NULL;
    return ring;
}

static pid_t
start_child(struct stek_ring *ring, unsigned steps)
{
    pid_t pid = child_fork();

    if (pid == 0) {
        steps_left = steps;
        (void)stek_ring_tick(ring, THEN); /* ends before, but for the last one */
        _exit(0);
    }
    return pid;
}

/* What others find after that, at the same second; NULL if all is right. */
static const char *
go_on(struct stek_ring *ring, const struct stek_key keys[2])
{
    struct ring_local *local = local_of(ring);
    int renew = 0;
    STEK_KEY(sealing);
    STEK_KEY(opening);
    STEK_INFO(info);

    if (stek_ring_sealing_key(ring, &sealing, THEN) != STEK_OK ||
        sealing.seal_until != THEN + ROTATE + ROTATE / 4)
        return "the key of the epoch does not seal";
    if (stek_ring_opening_key(ring, &opening, &renew, keys[1].name, THEN) != STEK_OK || !renew)
        return "the last key does not open";
    if (stek_ring_info(ring, &info, THEN) != STEK_OK || info.keys != 2)
        return "there are not two keys";
    if (memory_count(local->map.base, local->map.len, keys[0].secret, 8) != 0)
        return "a key that is over is still there";
    if (!halves_are_equal(&local->image) || word_load(&local->image.header->dirty) != 0)
        return "the ring is not at rest";
    if (stek_ring_sealing_key(ring, &opening, THEN + ROTATE) != STEK_OK ||
        memcmp(opening.name, sealing.name, sizeof sealing.name) == 0)
        return "the next rotation fails";
    return NULL;
}

static void
test_killed_at_every_store(void **state)
{
    unsigned steps = 0;
    int status;

    (void)state;
    do {
        struct stek_key keys[2] = {{0}};
        struct stek_ring *ring = set_up(keys);
        pid_t pid;

        assert_non_null(ring);
        pid = start_child(ring, ++steps);
        assert_true(pid > 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_null(go_on(ring, keys));
        stek_ring_close(&ring);
    } while (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && steps < STEPS_MAX);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_in_range(steps, 60, STEPS_MAX - 1);
    print_message("# %u stores\n", steps - 1);
}

/* Two die one after the other, so that the second one dies while it repairs or goes on. */
static void
test_killed_while_repairing(void **state)
{
    unsigned steps = 0;
    int status;

    (void)state;
    do {
        struct stek_key keys[2] = {{0}};
        struct stek_ring *ring = set_up(keys);
        pid_t pid;

        assert_non_null(ring);
        pid = start_child(ring, EARLY);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        pid = start_child(ring, ++steps);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_null(go_on(ring, keys));
        stek_ring_close(&ring);
    } while (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && steps < STEPS_MAX);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_in_range(steps, 60, STEPS_MAX - 1);
}

/* One that is stopped lives, so nobody takes over: the last key seals on for its quarter. */
static void
test_stopped(void **state)
{
    struct stek_key keys[2] = {{0}};
    struct stek_ring *ring = set_up(keys);
    pid_t pid;
    int status, renew;
    STEK_KEY(key);

    (void)state;
    assert_non_null(ring);
    step_signal = SIGSTOP;
    pid = start_child(ring, EARLY);
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_true(WIFSTOPPED(status));
    assert_int_equal(stek_ring_sealing_key(ring, &key, THEN), STEK_OK);
    assert_memory_equal(&key, &keys[1], sizeof key);
    assert_int_equal(stek_ring_sealing_key(ring, &key, THEN + ROTATE / 4), STEK_NO_KEY);
    assert_int_equal(stek_ring_opening_key(ring, &key, &renew, keys[1].name, THEN + ROTATE / 4),
                     STEK_OK);
    assert_int_equal(kill(pid, SIGCONT), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_null(go_on(ring, keys));
    stek_ring_close(&ring);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed_at_every_store),
        cmocka_unit_test(test_killed_while_repairing),
        cmocka_unit_test(test_stopped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
