/* Who keeps a connection where there are too many: R-SLOTS-1, R-SLOTS-2. Time is an argument. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "io/listen.h"
#include "io/slots.h"
#include "ring_support.h"

#define ALL 6
#define START_S 1000

struct place {
    struct scratch scratch;
    int listening;
    int ours[ALL], theirs[ALL]; /* both ends */
    size_t count;
};

static bool
place_open(struct place *place)
{
    place->count = 0;
    if (!scratch_open(&place->scratch))
        return false;
    place->listening = listen_unix(place->scratch.other, NULL);
    return place->listening >= 0 && chmod(place->scratch.other, 0666) == 0;
}

static void
place_close(struct place *place)
{
    for (size_t i = 0; i < place->count; i++) {
        (void)close(place->ours[i]); /* -1: nothing */
        (void)close(place->theirs[i]);
    }
    (void)close(place->listening);
    scratch_close(&place->scratch);
}

/* Another connection, by `uid`, whom the kernel takes us for as we connect. */
static bool
enter(struct place *place, uid_t uid)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uid_t own = geteuid();
    bool is_in;

    memcpy(address.sun_path, place->scratch.other, strlen(place->scratch.other));
    if (fd < 0 || seteuid(uid) != 0)
        return false;
    is_in = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    if (seteuid(own) != 0 || !is_in)
        return false;
    place->ours[place->count] = accept4(place->listening, NULL, NULL, SOCK_CLOEXEC);
    place->theirs[place->count] = fd;
    return place->ours[place->count++] >= 0;
}

/* True if our end of it was shut down. */
static bool
is_gone(const struct place *place, size_t index)
{
    struct pollfd poll_fd = {.fd = place->theirs[index], .events = POLLRDHUP};

    return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLRDHUP) != 0;
}

/* R-SLOTS-1: what is old goes, where a place is wanted and only there; a younger one stays, also
 * with the number that an old one had. */
static void
test_old_ones_go(void **state)
{
    static struct slots slots;
    struct place place;

    (void)state;
    slots = (struct slots){.max = 3};
    assert_true(place_open(&place));
    assert_true(enter(&place, geteuid()) && enter(&place, geteuid()));
    assert_int_equal(slots_look(&slots, place.listening, START_S), 2);
    assert_int_equal(slots_look(&slots, place.listening, START_S + 1000), 2);
    assert_false(is_gone(&place, 0) || is_gone(&place, 1));
    assert_true(enter(&place, geteuid()));
    assert_int_equal(slots_look(&slots, place.listening, START_S + 1000), 3);
    assert_true(is_gone(&place, 0) && is_gone(&place, 1) && !is_gone(&place, 2));
    assert_true(enter(&place, geteuid()));
    assert_int_equal(dup2(place.ours[3], place.ours[0]), place.ours[0]);
    assert_int_equal(close(place.ours[3]), 0);
    assert_int_equal(slots_look(&slots, place.listening, START_S + 1000), 3);
    assert_int_equal(slots_look(&slots, place.listening, START_S + 1000 + SLOTS_AGE_S), 3);
    assert_false(is_gone(&place, 2) || is_gone(&place, 3));
    assert_int_equal(slots_look(&slots, place.listening, START_S + 1001 + SLOTS_AGE_S), 3);
    assert_true(is_gone(&place, 2) && is_gone(&place, 3));
    place.ours[3] = -1;
    place_close(&place);
}

/* R-SLOTS-2: one user holds all that others may; another one comes, and stays. */
static void
test_greedy_one_loses(void **state)
{
    static struct slots slots;
    struct place place;

    (void)state;
    if (geteuid() != 0)
        return; /* cannot be others */
    slots = (struct slots){.max = 100, .others_max = 3};
    assert_true(place_open(&place));
    assert_true(enter(&place, 0));
    assert_true(enter(&place, NOBODY) && enter(&place, NOBODY) && enter(&place, NOBODY));
    assert_int_equal(slots_look(&slots, place.listening, START_S), 4);
    for (size_t i = 0; i < 4; i++)
        assert_false(is_gone(&place, i));
    assert_true(enter(&place, NOBODY - 1)); /* comes last, with the highest number */
    assert_int_equal(slots_look(&slots, place.listening, START_S), 5);
    assert_true(!is_gone(&place, 0) && !is_gone(&place, 4));
    assert_true(is_gone(&place, 3) && !is_gone(&place, 1) && !is_gone(&place, 2));
    place_close(&place);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_old_ones_go),
        cmocka_unit_test(test_greedy_one_loses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
