/* Who may look and who may order: by user and by all groups of the peer, as the kernel knows them;
 * and on a connection that is open while the groups change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <grp.h>
#include <sys/stat.h>

#include "control_support.h"
#include "daemon/access.h"
#include "daemon/control_server.h"
#include "io/peer.h"

#define STRANGER 12345
#define ADM 4 /* groups that every Debian has */
#define GAMES 60

static const struct config_control none, both = {{"adm", ADM}, {"games", GAMES}},
                                         admin_only = {{"adm", ADM}, {"", 0}},
                                         observer_only = {{"", 0}, {"games", GAMES}};

static enum access
access_with(uid_t uid, gid_t first, gid_t second, const struct config_control *control)
{
    gid_t groups[] = {first, second};
    const struct peer peer = {.is_known = true, .uid = uid, .groups = groups, .group_count = 2};

    return access_of(&peer, 998, control);
}

/* R-ACCESS-1, R-ACCESS-2, R-ACCESS-4 */
static void
test_who_may(void **state)
{
    const struct peer unknown = {0};
    const struct peer no_groups = {.is_known = true, .uid = STRANGER};

    (void)state;
    assert_int_equal(access_with(0, 0, 0, &none), ACCESS_OWN);
    assert_int_equal(access_with(998, 1, 1, &none), ACCESS_OWN);
    assert_int_equal(access_with(STRANGER, 0, ADM, &none), ACCESS_NONE);
    assert_int_equal(access_with(STRANGER, 0, GAMES, &none), ACCESS_NONE);
    assert_int_equal(access_with(STRANGER, ADM, 50, &both), ACCESS_ORDER);
    assert_int_equal(access_with(STRANGER, 50, ADM, &both), ACCESS_ORDER);
    assert_int_equal(access_with(STRANGER, 50, GAMES, &both), ACCESS_LOOK);
    assert_int_equal(access_with(STRANGER, GAMES, ADM, &both), ACCESS_ORDER);
    assert_int_equal(access_with(STRANGER, 50, 51, &both), ACCESS_NONE);
    assert_int_equal(access_with(STRANGER, 50, GAMES, &admin_only), ACCESS_NONE);
    assert_int_equal(access_with(STRANGER, 50, ADM, &observer_only), ACCESS_NONE);
    /* what is not set is no group, whatever its number */
    assert_int_equal(access_with(STRANGER, 50, 0, &admin_only), ACCESS_NONE);
    assert_int_equal(access_with(STRANGER, 50, 0, &observer_only), ACCESS_NONE);
    assert_int_equal(access_of(&unknown, 0, &both), ACCESS_NONE);
    assert_int_equal(access_of(&no_groups, 998, &both), ACCESS_NONE);
}

static void
test_explained(void **state)
{
    struct err err;

    (void)state;
    access_explain(&err, ACCESS_LOOK, &none);
    assert_string_equal(err.text, "only root and the user that stekd runs as may ask: run stekctl "
                                  "as one of them, or let a group in by control { } in stekd.conf");
    access_explain(&err, ACCESS_LOOK, &both);
    assert_string_equal(err.text,
                        "only root, the user that stekd runs as and the members of adm and games "
                        "may ask: become a member and log in again, or run stekctl as one of them");
    access_explain(&err, ACCESS_LOOK, &observer_only);
    assert_non_null(strstr(err.text, "the members of games may ask: "));
    access_explain(&err, ACCESS_ORDER, &both);
    assert_non_null(strstr(err.text, "the members of adm may rotate and revoke: "));
    access_explain(&err, ACCESS_OWN, &both);
    assert_non_null(strstr(err.text, "only root and the user that stekd runs as may say who is "));
    access_explain(&err, ACCESS_ORDER, &observer_only);
    assert_non_null(strstr(err.text, "only root and the user that stekd runs as may rotate and "));
}

/* ---- what the kernel tells of a peer ---- */

static void
test_own_groups(void **state)
{
    struct peer peer = {0};
    gid_t groups[1024];
    int ends[2], count = getgroups(1024, groups);

    (void)state;
    assert_true(count >= 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    peer_find(&peer, ends[0]);
    assert_true(peer.is_known);
    assert_int_equal(peer.uid, geteuid());
    assert_int_equal(peer.pid, getpid());
    assert_int_equal(peer.group_count, count + 1);
    assert_true(peer_is_in(&peer, getegid()));
    for (int i = 0; i < count; i++)
        assert_true(peer_is_in(&peer, groups[i]));
    assert_false(peer_is_in(&peer, 4000000000U));
    peer_free(&peer);
    close(ends[0]);
    close(ends[1]);
}

static void
test_no_peer(void **state)
{
    struct peer peer = {.is_known = true};
    int ends[2];

    (void)state;
    peer_find(&peer, -1);
    assert_false(peer.is_known || peer_is_in(&peer, 0));
    assert_int_equal(pipe(ends), 0);
    peer_find(&peer, ends[0]);
    assert_false(peer.is_known || peer_is_in(&peer, 0));
    close(ends[0]);
    close(ends[1]);
}

/* As many groups as anybody may have: the last one counts as the first does. */
static void
test_many_groups(void **state)
{
    enum { MANY = 65536 };
    static gid_t groups[MANY];
    struct peer peer = {0};
    gid_t was[1024];
    int ends[2], count = getgroups(1024, was), made;

    (void)state;
    if (geteuid() != 0 || count < 0)
        return; /* who is not root cannot have other groups */
    for (unsigned i = 0; i < MANY; i++)
        groups[i] = 100000 + i;
    assert_int_equal(setgroups(MANY, groups), 0);
    made = socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    assert_int_equal(setgroups((size_t)count, was), 0);
    assert_int_equal(made, 0);
    peer_find(&peer, ends[0]);
    assert_int_equal(peer.group_count, MANY + 1);
    assert_true(peer_is_in(&peer, 100000));
    assert_true(peer_is_in(&peer, 100000 + MANY - 1));
    assert_true(peer_is_in(&peer, getegid()));
    assert_false(peer_is_in(&peer, 100000 + MANY));
    peer_free(&peer);
    close(ends[0]);
    close(ends[1]);
}

/* ---- an open connection ---- */

static const char look[] = "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n";

/* The status of the next answer on a connection that stays open; 0: none. */
static int
look_again(int fd)
{
    char reply[65536];
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    ssize_t len;

    if (send(fd, look, sizeof look - 1, MSG_NOSIGNAL) < 0 || poll(&wait, 1, PATIENCE_MS) != 1)
        return 0;
    len = recv(fd, reply, sizeof reply - 1, 0);
    reply[len > 0 ? len : 0] = '\0';
    return strncmp(reply, "HTTP/1.1 ", 9) == 0 ? (int)strtol(reply + 9, NULL, 10) : 0;
}

/* In a child: 0 if it is let in, and refused on the same connection later. */
static int
be_observer(const struct daemon *daemon, int told)
{
    const gid_t group = GAMES;
    int fd, status = 200;

    if (setgroups(1, &group) != 0 || setgid(STRANGER) != 0 || setuid(STRANGER) != 0)
        return 1;
    fd = dial(daemon);
    if (fd < 0 || look_again(fd) != 200 || write(told, "", 1) != 1)
        return 2;
    for (int waited = 0; waited < PATIENCE_MS && status == 200; waited += 20) {
        (void)poll(NULL, 0, 20);
        status = look_again(fd);
    }
    return status == 403 ? 0 : 3;
}

/* In a child: 0 if it is let in with some connections at once, but not with all that there are;
 * these it holds while `go_on` is open. */
static int
be_crowd(const struct daemon *daemon, int told, int go_on)
{
    const gid_t group = GAMES;
    int fds[CONTROL_CONNECTIONS_MAX], in = 0, stay = 0;
    char byte;

    if (setgroups(1, &group) != 0 || setgid(STRANGER) != 0 || setuid(STRANGER) != 0)
        return 1;
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
        fds[i] = dial(daemon);
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
        in += look_again(fds[i]) == 200;
    for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++) /* who came late may have taken a place */
        stay += look_again(fds[i]) == 200;
    if (write(told, "", 1) != 1 || read(go_on, &byte, 1) != 0)
        return 2;
    return in > 0 && stay <= (int)CONTROL_OTHERS_MAX ? 0 : 3;
}

static bool
put(const struct daemon *daemon, const char *text)
{
    FILE *file = fopen(daemon->config, "w");
    bool ok = file != NULL && fputs(text, file) >= 0;

    return file != NULL && fclose(file) == 0 && ok;
}

static void
test_open_connection(void **state)
{
    struct daemon daemon;
    void *started = &daemon;
    int ends[2], status = 1;
    char byte;
    pid_t child;

    (void)state;
    if (geteuid() != 0)
        return; /* cannot become another */
    assert_true(start(&daemon, "control { observer = games }\nkeyset www { }\n"));
    assert_int_equal(chmod(daemon.folder, 0755), 0);
    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0)
        _exit(be_observer(&daemon, ends[1]));
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_true(put(&daemon, "keyset www { }\n"));
    assert_int_equal(kill(daemon.pid, SIGHUP), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(ends[0]);
    assert_int_equal(teardown(&started), 0);
}

/* R-ACCESS-3 */
static void
test_crowd(void **state)
{
    struct daemon daemon;
    void *started = &daemon;
    int told[2], go_on[2], status = 1;
    json_t *root;
    char byte;
    pid_t child;

    (void)state;
    if (geteuid() != 0)
        return; /* cannot become another */
    assert_true(start(&daemon, "control { observer = games }\nkeyset www { }\n"));
    assert_int_equal(chmod(daemon.folder, 0755), 0);
    assert_true(pipe(told) == 0 && pipe(go_on) == 0);
    child = fork();
    if (child == 0) {
        close(go_on[1]);
        _exit(be_crowd(&daemon, told[1], go_on[0]));
    }
    close(told[1]);
    assert_int_equal(read(told[0], &byte, 1), 1);
    assert_int_equal(ask(&daemon, &root, "POST", "/v1/rotate", "{}"), 200);
    json_decref(root);
    close(go_on[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(told[0]);
    close(go_on[0]);
    assert_int_equal(teardown(&started), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_may),     cmocka_unit_test(test_explained),
        cmocka_unit_test(test_own_groups),  cmocka_unit_test(test_no_peer),
        cmocka_unit_test(test_many_groups), cmocka_unit_test(test_open_connection),
        cmocka_unit_test(test_crowd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
