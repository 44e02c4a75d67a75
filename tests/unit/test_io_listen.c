/* Sockets that listen by TCP: by which way a connection came, whose it is, and what is said where
 * an address cannot be had. Where the host has no IPv6, its part is passed over. And who may
 * connect to one of a path while that changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/listen.h"

#define TRIES 100

/* Listen at `host`, on a port that is free now; -1 if none is. */
static int
listen_somewhere(struct listen_address *address, const char *host)
{
    unsigned port = 10000 + (unsigned)getpid() % 20000;

    for (int i = 0; i < TRIES; i++) {
        char text[64];
        int fd;

        (void)snprintf(text, sizeof text, "%s:%u", host, port + (unsigned)i);
        fd = listen_address_parse(address, text) ? listen_tcp(address, NULL) : -1;
        if (fd >= 0)
            return fd;
    }
    return -1;
}

/* A connection to what listens at `listening`, by loopback: both ends. */
static bool
connect_to(int ends[2], int listening)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;

    if (getsockname(listening, (struct sockaddr *)&address, &len) != 0)
        return false;
    if (address.ss_family == AF_INET)
        ((struct sockaddr_in *)&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        ((struct sockaddr_in6 *)&address)->sin6_addr = in6addr_loopback;
    ends[0] = socket(address.ss_family, SOCK_STREAM, 0);
    if (ends[0] < 0 || connect(ends[0], (struct sockaddr *)&address, len) != 0)
        return false;
    ends[1] = accept(listening, NULL, NULL);
    return ends[1] >= 0;
}

static void
test_ways(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "0.0.0.0", "[::1]", "[::]"};
    int listening[4], ends[2] = {-1, -1}, pair[2];
    struct listen_address address;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        listening[i] = listen_somewhere(&address, hosts[i]);
        if (listening[i] < 0 && i >= 2) {
            printf("# no IPv6\n");
            continue;
        }
        assert_true(listening[i] >= 0);
        assert_true(connect_to(ends, listening[i]));
        assert_int_equal(listen_way(ends[1]), LISTEN_LOOPBACK);
        for (size_t j = 0; j <= i; j++)
            assert_int_equal(listen_has_accepted(listening[j], ends[1]), i == j);
        assert_false(listen_has_accepted(listening[i], ends[0]));
        assert_false(listen_has_accepted(listening[i], listening[i]));
        close(ends[0]);
        close(ends[1]);
    }
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(listen_way(pair[0]), LISTEN_UNIX);
    assert_false(listen_has_accepted(listening[0], pair[0]));
    assert_false(listen_has_accepted(-1, pair[0]));
    assert_int_equal(listen_way(-1), LISTEN_NETWORK);
    close(pair[0]);
    close(pair[1]);
    for (size_t i = 0; i < 4; i++)
        close(listening[i]);
}

static void
test_not_had(void **state)
{
    struct listen_address taken, elsewhere;
    struct err err = {""};
    int fd = listen_somewhere(&taken, "127.0.0.1");
    char wanted[128];

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(listen_tcp(&taken, &err), -1);
    (void)snprintf(wanted, sizeof wanted, "%s: cannot listen: Address already in use", taken.text);
    assert_string_equal(err.text, wanted);
    close(fd);
    assert_true(listen_address_parse(&elsewhere, "192.0.2.1:9779")); /* nobody's: RFC 5737 */
    assert_int_equal(listen_tcp(&elsewhere, &err), -1);
    assert_string_equal(err.text, "192.0.2.1:9779: cannot listen: Cannot assign requested address");
}

static unsigned chmods;

/* Instead of libc's: it keeps all groups out until there is a list again. */
int
chmod(const char *path, mode_t mode)
{
    chmods++;
    return fchmodat(AT_FDCWD, path, mode, 0);
}

static mode_t
mode_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? st.st_mode & 0777 : 0;
}

/* A list takes the place of another at once, as at a reload: nobody who is in both is kept out for
 * a moment. With none only the owner is let in. */
static void
test_admit(void **state)
{
    const gid_t groups[] = {12345, 12346};
    char dir[] = "/tmp/stek-listen-XXXXXX", path[64];
    int fd;

    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/socket", dir); /* fits */
    fd = listen_unix(path, NULL);
    assert_true(fd >= 0);
    assert_true(listen_unix_admit(path, groups, 2, NULL));
    assert_int_equal(mode_of(path), 0660); /* of a list, the group's bits are the most it gives */
    chmods = 0;
    assert_true(listen_unix_admit(path, groups, 1, NULL));
    assert_int_equal(chmods, 0);
    assert_true(listen_unix_admit(path, NULL, 0, NULL));
    assert_int_equal(mode_of(path), 0600);
    close(fd);
    unlink(path);
    rmdir(dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ways),
        cmocka_unit_test(test_admit),
        cmocka_unit_test(test_not_had),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
