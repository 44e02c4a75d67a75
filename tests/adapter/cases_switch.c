/* Servers that switch to another context by SNI, before tickets are looked at or after: what counts
 * when a ticket is sealed counts when it is opened, and no ticket spares anybody the client
 * certificate of a virtual host. */
#include "suite.h"

static void
test_accepts_without_certificate(void **state)
{
    const struct run *run = *state;
    const struct server_options early = {
        .vhost = "a.example", .vhost_names = "a.example", .switching = SWITCH_EARLY};
    const struct server_options other = {
        .vhost = "a.example", .vhost_names = "b.example", .switching = SWITCH_EARLY};

    assert_int_equal(suite_cross(run, &early, &early, "a.example"), 1);
    assert_int_equal(suite_cross(run, &early, &other, "a.example"), 0);
}

/* Where the context with the certificate comes after tickets are looked at, nothing resumes unless
 * the server says which one it will be, or the operator (a label) that it does not matter. */
static void
test_switches_late(void **state)
{
    const struct run *run = *state;
    const struct server_options late = {
        .vhost = "a.example", .vhost_names = "a.example", .switching = SWITCH_LATE};
    struct server_options resolved = late, labelled = late, other = late;

    resolved.resolves = true;
    labelled.label = "x";
    other.label = "y";
    assert_int_not_equal(suite_cross(run, &late, &late, "a.example"), 1);
    assert_int_equal(suite_cross(run, &resolved, &resolved, "a.example"), 1);
    assert_int_equal(suite_cross(run, &labelled, &labelled, "a.example"), 1);
    assert_int_equal(suite_cross(run, &labelled, &other, "a.example"), 0);
}

/* The same label, and no other difference than when the server switches. */
static void
test_switches_early_with_label(void **state)
{
    const struct run *run = *state;
    const struct server_options early = {
        .vhost = "a.example", .vhost_names = "a.example", .switching = SWITCH_EARLY, .label = "x"};
    struct server_options late = early;

    late.switching = SWITCH_LATE;
    assert_int_equal(suite_cross(run, &early, &early, "a.example"), 1);
    assert_int_equal(suite_cross(run, &early, &late, "a.example"), 1);
    assert_int_equal(suite_cross(run, &late, &early, "a.example"), 1);
}

/* The context that accepted counts, whatever is in force when the ticket is opened. */
static void
test_switches_early(void **state)
{
    const struct run *run = *state;
    const struct server_options early = {.names = "z.example",
                                         .vhost = "a.example",
                                         .vhost_names = "a.example",
                                         .switching = SWITCH_EARLY};
    const struct server_options other = {.names = "y.example",
                                         .vhost = "a.example",
                                         .vhost_names = "a.example",
                                         .switching = SWITCH_EARLY};

    assert_int_equal(suite_cross(run, &early, &early, "a.example"), 1);
    assert_int_equal(suite_cross(run, &early, &other, "a.example"), 0);
}

/* The same without knowing which one that was: it may take two connections. */
static void
test_learns_to_switch_early(void **state)
{
    const struct run *run = *state;
    const struct server_options early = {.names = "z.example",
                                         .vhost = "a.example",
                                         .vhost_names = "a.example",
                                         .switching = SWITCH_EARLY};
    void *server = suite_serve(run, &early);
    struct got first, second, third;

    assert_non_null(server);
    first = suite_shake(run, server, "a.example", NULL);
    assert_non_null(first.session);
    second = suite_shake(run, server, "a.example", first.session);
    assert_true(second.done);
    third = suite_shake(run, server, "a.example",
                        second.session != NULL ? second.session : first.session);
    assert_true(third.done);
    assert_true(third.resumed);
    client_done(&first);
    client_done(&second);
    client_done(&third);
    run->driver->server_free(server);
}

/* One certificate accepts all names, another serves a.example. */
static void
test_virtual_hosts(void **state)
{
    const struct run *run = *state;
    const struct server_options x = {.names = "z.example",
                                     .vhost = "a.example",
                                     .vhost_names = "a.example",
                                     .switching = SWITCH_LATE,
                                     .resolves = true};
    struct server_options y = x, plain = x;

    y.vhost_names = "a.example b.example";
    plain.resolves = false;
    assert_int_equal(suite_cross(run, &x, &x, "a.example"), 1);
    assert_int_equal(suite_cross(run, &x, &x, "z.example"), 0);
    assert_int_equal(suite_cross(run, &x, &y, "a.example"), 0);
    assert_int_equal(suite_cross(run, &plain, &plain, "a.example"), 1);
}

/* A virtual host that asks for client certificates, behind one that does not, and the reverse. */
static void
test_virtual_host_asks(void **state)
{
    const struct run *run = *state;
    const struct server_options open = {.names = "z.example",
                                        .vhost = "a.example",
                                        .vhost_names = "a.example",
                                        .switching = SWITCH_LATE,
                                        .resolves = true};
    struct server_options asks = open, reverse = open, labelled = open;

    asks.vhost_asks_client = true;
    reverse.asks_client = true;
    labelled.vhost_asks_client = true;
    labelled.label = "x";
    assert_null(suite_session(run, &asks));
    assert_int_equal(suite_cross(run, &open, &asks, "a.example"), 0);
    assert_int_equal(suite_cross(run, &reverse, &reverse, "a.example"), 1);
    assert_int_equal(suite_cross(run, &labelled, &labelled, "a.example"), 1);
}

/* Where no context that may serve is attached there are no tickets, told once. */
static void
test_unattached(void **state)
{
    const struct run *run = *state;
    const struct server_options plain = {.names = "z.example",
                                         .vhost = "a.example",
                                         .vhost_names = "a.example",
                                         .vhost_unattached = true,
                                         .switching = SWITCH_LATE};
    struct server_options resolved = plain, labelled = plain;

    resolved.resolves = true;
    labelled.label = "x";
    assert_null(suite_session(run, &plain));
    assert_null(suite_session(run, &resolved));
    assert_null(suite_session(run, &labelled));
}

/* A virtual host without a certificate of its own is not the one that accepts: the names of that
 * one say nothing. */
static void
test_virtual_host_without_certificate(void **state)
{
    const struct run *run = *state;
    const struct server_options without = {
        .names = "z.example", .vhost = "a.example", .switching = SWITCH_LATE, .resolves = true};
    struct server_options default_only = without, labelled = without, other = without;

    default_only.vhost = "b.example";
    labelled.label = "x";
    other.label = "x";
    other.vhost = "b.example";
    assert_null(suite_session(run, &without));
    assert_int_equal(suite_cross(run, &default_only, &default_only, "a.example"), 1);
    assert_int_equal(suite_cross(run, &default_only, &without, "a.example"), 0);
    assert_int_equal(suite_cross(run, &labelled, &labelled, "a.example"), 1);
    assert_int_equal(suite_cross(run, &other, &labelled, "a.example"), 0);
}

/* ---- where the server does not say which context will serve ---- */

static const struct server_options open_host = {.names = "z.example",
                                                .vhost = "a.example",
                                                .vhost_names = "a.example",
                                                .switching = SWITCH_LATE};

/* A ticket of a time, or an instance, where the virtual host was open must not spare anybody the
 * client certificate, with a label or without. */
static void
test_asks_later(void **state)
{
    const struct run *run = *state;
    struct server_options asks = open_host, labelled = open_host, labelled_asks = open_host;

    asks.vhost_asks_client = true;
    labelled.label = "x";
    labelled_asks.label = "x";
    labelled_asks.vhost_asks_client = true;
    assert_int_equal(suite_cross(run, &open_host, &open_host, "a.example"), 1);
    assert_null(suite_session(run, &asks));
    assert_int_equal(suite_cross(run, &open_host, &asks, "a.example"), 0);
    assert_int_equal(suite_cross(run, &labelled, &labelled_asks, "a.example"), 0);
    assert_int_equal(suite_cross(run, &labelled_asks, &labelled, "a.example"), 0);
    assert_int_equal(suite_cross(run, &labelled_asks, &labelled_asks, "a.example"), 1);
}

/* The other hosts of such a server go on resuming, but not with one that is set up otherwise. */
static void
test_asks_elsewhere(void **state)
{
    const struct run *run = *state;
    const struct server_options asks = {.names = "a.example",
                                        .vhost = "b.example",
                                        .vhost_names = "b.example",
                                        .vhost_asks_client = true,
                                        .switching = SWITCH_LATE};
    struct server_options open = asks, other = asks;

    open.vhost_asks_client = false;
    other.vhost_names = "b.example c.example";
    assert_int_equal(suite_cross(run, &asks, &asks, "a.example"), 1);
    assert_int_equal(suite_cross(run, &open, &asks, "a.example"), 0);
    assert_int_equal(suite_cross(run, &asks, &open, "a.example"), 0);
    assert_int_equal(suite_cross(run, &asks, &other, "a.example"), 0);
}

/* Of two servers in one process: what a ticket of the first does at the second. -1: neither a
 * ticket, nor that it resumes at the first. */
static int
cross_within(const struct run *run, const struct server_options *first,
             const struct server_options *second)
{
    void *x = suite_serve(run, first), *y = suite_serve(run, second);
    struct got got = {.session = NULL}, here = got, there = got;
    int resumed = -1;

    if (x != NULL && y != NULL) {
        got = suite_shake(run, x, "a.example", NULL);
        here = suite_shake(run, x, "a.example", got.session);
        there = suite_shake(run, y, "a.example", got.session);
        if (here.resumed && there.done)
            resumed = there.resumed;
    }
    client_done(&got);
    client_done(&here);
    client_done(&there);
    if (x != NULL)
        run->driver->server_free(x);
    if (y != NULL)
        run->driver->server_free(y);
    return resumed;
}

/* Two contexts accept, with the same names, and switch to different virtual hosts of the same name.
 * Where nobody asks for a certificate, they resume each other. */
static void
test_two_accept(void **state)
{
    const struct run *run = *state;
    struct server_options asks = open_host, labelled = open_host, labelled_asks = open_host;

    asks.vhost_asks_client = true;
    labelled.label = "x";
    labelled_asks.label = "x";
    labelled_asks.vhost_asks_client = true;
    assert_int_equal(cross_within(run, &open_host, &open_host), 1);
    assert_int_equal(cross_within(run, &open_host, &asks), 0);
    assert_int_equal(cross_within(run, &labelled, &labelled_asks), 0);
    assert_int_equal(cross_within(run, &labelled_asks, &labelled), 0);
}

/* A server that asks on the connection alone does it before tickets are looked at, or stek does not
 * see it: a label is needed, and where it asks is part of the context. */
static void
test_asks_early(void **state)
{
    const struct run *run = *state;
    const struct server_options asks = {.names = "a.example", .asks_early = true};
    const struct server_options open = {.names = "a.example", .label = "x"};
    struct server_options labelled = open;

    labelled.asks_early = true;
    assert_null(suite_session(run, &asks));
    assert_int_equal(suite_cross(run, &suite_plain, &asks, "a.example"), 0);
    assert_int_equal(suite_cross(run, &labelled, &labelled, "a.example"), 1);
    assert_int_equal(suite_cross(run, &open, &labelled, "a.example"), 0);
    assert_int_equal(suite_cross(run, &labelled, &open, "a.example"), 0);
}

static const struct suite_case cases[] = {
    {"no certificate accepts", test_accepts_without_certificate, CAN_SWITCH},
    {"the certificate comes late", test_switches_late, CAN_SWITCH},
    {"the certificate comes early, with a label", test_switches_early_with_label,
     CAN_SWITCH | CAN_ACCEPTING},
    {"contexts switch early", test_switches_early, CAN_SWITCH | CAN_ACCEPTING},
    {"contexts switch early, which is learned", test_learns_to_switch_early, CAN_SWITCH},
    {"virtual hosts", test_virtual_hosts, CAN_SWITCH},
    {"a virtual host asks for client certificates", test_virtual_host_asks,
     CAN_SWITCH | CAN_CLIENT},
    {"a context that is not attached", test_unattached, CAN_SWITCH},
    {"a virtual host without a certificate", test_virtual_host_without_certificate, CAN_SWITCH},
    {"a virtual host asks for client certificates, later", test_asks_later,
     CAN_SWITCH | CAN_CLIENT},
    {"another host asks for client certificates", test_asks_elsewhere, CAN_SWITCH | CAN_CLIENT},
    {"two contexts accept", test_two_accept, CAN_SWITCH | CAN_CLIENT},
    {"client certificates are asked for early", test_asks_early, CAN_CLIENT},
};
const struct suite_list cases_switch = {cases, sizeof cases / sizeof *cases};
