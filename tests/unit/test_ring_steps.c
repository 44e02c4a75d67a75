/* R-RING-1: a writer that dies at any store leaves a ring from which readers get the old state or
 * the new one, whole, and which the next writer puts right. The writer's own code is compiled in
 * here with a hook before every store, where a forked child kills itself; another process reads. */
#include <signal.h>
#include <unistd.h>

static unsigned steps_left; /* of this process's writer; 0: it does not die */

static inline void
step(void)
{
    if (steps_left > 0 && --steps_left == 0)
        (void)kill(getpid(), SIGKILL);
}

#define WORD_STEP() step()
#include "ring/image_change.c"
#include "ring/image_write.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image_support.h"

#define KEYS 6
#define STEPS_MAX 20000

/* All that a reader can get to know of the keys of a test. */
struct view {
    enum image_check check;
    bool found[KEYS], other[KEYS], seals[4];
    struct image_slot slots[KEYS], sealing[4];
    struct image_state state;
};

static void
look(struct view *view, void *memory)
{
    struct image image;

    memset(view, 0, sizeof *view);
    view->check = image_open(&image, memory, image_len(SMALL), this_boot);
    for (uint64_t i = 0; i < KEYS && view->check == IMAGE_OK; i++) {
        struct image_slot slot = slot_of(i, RING_S);

        view->found[i] =
            image_find(&image, &view->slots[i], &view->other[i], slot.name, RING_S + 10);
        if (!view->found[i])
            memset(&view->slots[i], 0, sizeof view->slots[i]); /* wiped is unknown to valgrind */
    }
    for (uint64_t i = 0; i < 4 && view->check == IMAGE_OK; i++) {
        view->seals[i] = image_sealing(&image, &view->sealing[i], RING_S - 1 + i * 1200);
        if (!view->seals[i])
            memset(&view->sealing[i], 0, sizeof view->sealing[i]);
    }
    if (view->check == IMAGE_OK)
        image_get(image_current(&image), &view->state);
}

/* A ring with keys 0 to 3, of which the first one seals. */
static struct image
set_up(void *memory)
{
    struct image image;
    struct image_slot slots[4];
    struct image_state state = {.written_at = 1, .rotate_s = 3600, .seal_count = 1};
    struct change change = {.puts = slots, .put_count = 4, .state = &state};

    for (uint64_t i = 0; i < 4; i++)
        slots[i] = slot_of(i, RING_S);
    memcpy(state.seals[0].name, slots[0].name, 16);
    state.seals[0].from = RING_S;
    state.seals[0].until = RING_S + 3600;
    image_format(&image, memory, SMALL, this_boot);
    (void)image_change(&image, change_fill, &change); /* has room */
    return image;
}

/* ---- the works that are interrupted; they start from set_up() ---- */

static void
work_rotate(struct image *image)
{
    struct image_slot slots[3] = {slot_of(4, RING_S), slot_of(5, RING_S), slot_of(1, RING_S)};
    struct image_slot gone = slot_of(0, RING_S);
    struct image_state state = {
        .written_at = 2, .rotate_s = 3600, .seal_count = 1, .revocation_count = 1};
    struct change change = {.drop = gone.name, .puts = slots, .put_count = 3, .state = &state};

    memset(&slots[2].secret, 0, sizeof slots[2].secret);
    slots[2].seal_until = RING_REVOKED;
    memcpy(state.revocations[0].name, slots[2].name, 16);
    memcpy(state.seals[0].name, slots[0].name, 16);
    state.seals[0].from = RING_S;
    state.seals[0].until = RING_S + 3600;
    (void)image_change(image, change_fill, &change); /* has room */
}

static void
work_twice(struct image *image)
{
    struct image_slot slot = slot_of(4, RING_S);

    work_rotate(image);
    (void)change_drop(image, slot.name);
}

static void
work_fail(struct image *image)
{
    struct image_slot slot = slot_of(4, RING_S);
    struct change change = {.puts = &slot, .put_count = 1, .fail = true};

    (void)image_change(image, change_fill, &change);
}

static void
work_repair(struct image *image)
{
    memset(image->half[0].head, 0xa5, 1024); /* flip is 1: the idle half */
    memset(image->half[0].slots, 0xa5, 1024);
    (void)image_repair(image);
}

static void
work_clear(struct image *image)
{
    image_clear(image, other_boot);
}

static void
work_format(struct image *image)
{
    struct image again;

    image_format(&again, image->header, SMALL, this_boot);
}

static void
work_mend(struct image *image)
{
    (void)image_repair(image);
}

struct work {
    const char *what;
    void (*run)(struct image *image);
    unsigned at_least; /* stores */
};

static const struct work works[] = {
    {"a rotation", work_rotate, 80},
    {"two changes", work_twice, 100},
    {"a change that fails", work_fail, 20},
    {"a repair", work_repair, 200},
    {"a ring of another boot", work_clear, 100},
    {"a ring made anew", work_format, 100},
};

static int
die_in(void (*run)(struct image *image), struct image *image, unsigned steps)
{
    pid_t pid = child_fork();
    int status = -1;

    if (pid == 0) {
        steps_left = steps;
        run(image);
        _exit(0);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

/* A state that a reader may see: one of those between whole changes. */
static bool
is_whole_view(const struct view *view, const struct view *states, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(view, &states[i], sizeof *view) == 0)
            return true;
    return false;
}

/* What is to be seen before, after, and between the two changes of work_twice(). */
static size_t
whole_views(struct view states[4], const struct work *work, void *memory)
{
    struct image image = set_up(memory);

    look(&states[0], memory);
    work->run(&image);
    look(&states[1], memory);
    image = set_up(memory);
    work_rotate(&image);
    look(&states[2], memory);
    memset(memory, 0, 8); /* no magic: as a ring is while it is made */
    look(&states[3], memory);
    if (work->run == work_clear) {
        image = set_up(memory); /* empty, still of this boot */
        (void)image_change(&image, empty_half, NULL);
        look(&states[2], memory);
    }
    return work->run == work_format                             ? 4
           : work->run == work_twice || work->run == work_clear ? 3
                                                                : 2;
}

/* The next writer: what it makes of the ring, and NULL if that is right. */
static const char *
take_over(void *memory, const struct view *seen)
{
    struct image image;
    struct view view;

    if (seen->check == IMAGE_EMPTY) {
        image_format(&image, memory, SMALL, this_boot);
        return halves_are_equal(&image) ? NULL : "the halves differ after a format";
    }
    if (image_open(&image, memory, image_len(SMALL), this_boot) == IMAGE_OLD_BOOT)
        image_clear(&image, this_boot);
    if (!image_repair(&image))
        return "it had to be mended";
    if (!halves_are_equal(&image))
        return "the halves differ after a repair";
    look(&view, memory);
    if (seen->check == IMAGE_OK && memcmp(&view, seen, sizeof view) != 0)
        return "the repair changed what readers see";
    for (uint64_t i = 0; i < KEYS; i++) { /* R-RING-4: what is not to be found is not there */
        struct image_slot slot = slot_of(i, RING_S);

        if ((!view.found[i] || view.slots[i].seal_until == RING_REVOKED) &&
            memory_count(memory, image_len(SMALL), slot.secret.bytes, 8) != 0)
            return "a wiped key is still there";
    }
    return NULL;
}

static void
test_dies_at_every_store(void **state)
{
    struct sys_map map;

    (void)state;
    assert_true(sys_map_anonymous(&map, image_len(SMALL)));
    for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
        struct view states[4], view;
        size_t count = whole_views(states, &works[i], map.base);
        unsigned steps = 0;
        int status;

        do {
            struct image image = set_up(map.base);

            status = die_in(works[i].run, &image, ++steps);
            look(&view, map.base);
            assert_true(is_whole_view(&view, states, count));
            assert_null(take_over(map.base, &view));
        } while (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && steps < STEPS_MAX);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        assert_in_range(steps, works[i].at_least, STEPS_MAX - 1);
        print_message("# %s: %u stores\n", works[i].what, steps - 1);
    }
    sys_unmap(&map);
}

/* Puts every slot where no lookup finds it, in the half in force: half a table away. */
static struct image
set_up_lost(void *memory)
{
    struct image image = set_up(memory);
    struct ring_slot slots[32];
    struct ring_more more[32];

    memcpy(slots, image.half[1].slots, sizeof slots); /* flip is 1 */
    memcpy(more, image.half[1].more, sizeof more);
    for (uint32_t i = 0; i < 32; i++) {
        memcpy(&image.half[1].slots[(i + 16) % 32], &slots[i], sizeof *slots);
        memcpy(&image.half[1].more[(i + 16) % 32], &more[i], sizeof *more);
    }
    return image;
}

/* A repair that mends shows nothing half mended either: no key is found, or all. */
static void
test_dies_while_mending(void **state)
{
    struct sys_map map;
    struct view before, after, view;
    unsigned steps = 0;
    int status;

    (void)state;
    assert_true(sys_map_anonymous(&map, image_len(SMALL)));
    (void)set_up(map.base);
    look(&after, map.base);
    (void)set_up_lost(map.base);
    look(&before, map.base);
    do {
        struct image image = set_up_lost(map.base);

        status = die_in(work_mend, &image, ++steps);
        look(&view, map.base);
        assert_true(memcmp(view.found, before.found, sizeof view.found) == 0 ||
                    memcmp(view.found, after.found, sizeof view.found) == 0);
        (void)image_repair(&image);
        look(&view, map.base);
        assert_memory_equal(view.found, after.found, sizeof view.found);
        assert_memory_equal(view.slots, after.slots, sizeof view.slots);
        assert_true(halves_are_equal(&image));
    } while (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && steps < STEPS_MAX);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_in_range(steps, 50, STEPS_MAX - 1);
    assert_memory_not_equal(before.found, after.found, sizeof before.found);
    sys_unmap(&map);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dies_at_every_store),
        cmocka_unit_test(test_dies_while_mending),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
