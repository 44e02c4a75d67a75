/* see udp.h */
#include "io/udp.h"

#include <errno.h>
#include <event2/event.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define AT_ONCE 16U          /* datagrams in a turn of the loop */
#define PAUSE_US 50000       /* where there is no memory */
#define BUFFER_LEN (1 << 20) /* what may wait in the kernel, if it lets us */

struct udp_socket {
    struct udp_socket *next;
    struct loop *loop;
    struct address at;
    char interface[IF_NAMESIZE]; /* "": as routes say */
    unsigned index;              /* its number */
    int fd;
    struct event *event, *again;
    struct udp *users;
};

struct udp {
    struct udp_socket *socket;
    struct udp *next;
    udp_fn *call;
    void *arg;
};

/* ---- receiving ---- */

static void
tell(const struct udp_socket *shared, const uint8_t *bytes, size_t len, const struct address *from)
{
    for (const struct udp *user = shared->users; user != NULL; user = user->next)
        user->call(user->arg, bytes, len, from);
}

/* The kernel has no memory to tell what there is. */
static void
pause_reading(struct udp_socket *shared)
{
    const struct timeval after = {.tv_usec = PAUSE_US};

    if (event_add(shared->again, &after) == 0)
        (void)event_del(shared->event); /* it is there */
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
    struct udp_socket *shared = arg;

    (void)fd, (void)what;
    if (event_add(shared->event, NULL) != 0)
        pause_reading(shared);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct udp_socket *shared = arg;
    uint8_t bytes[AT_ONCE][UDP_LEN_MAX];
    struct address from[AT_ONCE] = {{.len = 0}};
    struct iovec parts[AT_ONCE];
    struct mmsghdr messages[AT_ONCE] = {{.msg_len = 0}};
    int count;

    (void)what;
    for (size_t i = 0; i < AT_ONCE; i++) {
        parts[i] = (struct iovec){.iov_base = &bytes[i][0], .iov_len = sizeof bytes[i]};
        messages[i].msg_hdr = (struct msghdr){.msg_name = from[i].bytes,
                                              .msg_namelen = sizeof from[i].bytes,
                                              .msg_iov = &parts[i],
                                              .msg_iovlen = 1};
    }
    count = recvmmsg(fd, messages, AT_ONCE, MSG_DONTWAIT, NULL);
    if (count < 0 && errno == ENOMEM)
        pause_reading(shared);
    for (int i = 0; i < count; i++) { /* none for an error of the network, which is over */
        from[i].len = messages[i].msg_hdr.msg_namelen;
        if ((messages[i].msg_hdr.msg_flags & MSG_TRUNC) == 0)
            tell(shared, parts[i].iov_base, messages[i].msg_len, &from[i]);
    }
}

/* ---- opening ---- */

static struct udp_socket *
find(struct loop *loop, const struct address *at, const char *interface)
{
    struct udp_socket *shared = *loop_sockets(loop);

    while (shared != NULL && !(address_equal(&shared->at, at) &&
                               strcmp(shared->interface, interface == NULL ? "" : interface) == 0))
        shared = shared->next;
    return shared;
}

static bool
set(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

/* As sockets take it: the group of an interface names that, too. */
static struct sockaddr_storage
name_of(const struct udp_socket *shared, socklen_t *len)
{
    struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
    struct sockaddr_in6 v6;

    memcpy(&name, shared->at.bytes, shared->at.len);
    if (address_is_v6(&shared->at) && address_is_group(&shared->at)) {
        memcpy(&v6, shared->at.bytes, sizeof v6);
        v6.sin6_scope_id = shared->index;
        memcpy(&name, &v6, sizeof v6);
    }
    *len = shared->at.len;
    return name;
}

static bool
join(const struct udp_socket *shared)
{
    struct group_req group = {.gr_interface = shared->index};

    memcpy(&group.gr_group, shared->at.bytes, shared->at.len);
    return setsockopt(shared->fd, address_is_v6(&shared->at) ? IPPROTO_IPV6 : IPPROTO_IP,
                      MCAST_JOIN_GROUP, &group, sizeof group) == 0 ||
           errno == EADDRINUSE; /* it belongs already */
}

/* Routers may split what we send, as small as it is: their word about it would be too late. */
static bool
make(struct udp_socket *shared)
{
    bool is_v6 = address_is_v6(&shared->at), is_group = address_is_group(&shared->at);
    socklen_t len;
    struct sockaddr_storage name = name_of(shared, &len);

    shared->fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (shared->fd < 0)
        return false;
    (void)set(shared->fd, SOL_SOCKET, SO_RCVBUF, BUFFER_LEN); /* else the system's own length */
    return (!is_v6 || set(shared->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) &&
           (is_v6 || set(shared->fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT)) &&
           (!is_group || set(shared->fd, SOL_SOCKET, SO_REUSEADDR, 1)) &&
           bind(shared->fd, (const struct sockaddr *)&name, len) == 0 &&
           (!is_group || join(shared));
}

static void
let_go(struct udp_socket *shared)
{
    if (shared->event != NULL)
        event_free(shared->event);
    if (shared->again != NULL)
        event_free(shared->again);
    if (shared->fd >= 0)
        (void)close(shared->fd); /* nothing waits in it that counts */
    free(shared);
}

static bool
explain(const struct udp_socket *shared, struct err *err)
{
    char at[ADDRESS_TEXT_MAX];

    address_text(at, &shared->at);
    if (errno == EADDRINUSE)
        return err_set(err, "%s: another program has this port: choose another one (listen)", at);
    if (errno == EADDRNOTAVAIL)
        return err_set(err, "%s: no address of this machine, or not yet", at);
    if (errno == EAFNOSUPPORT)
        return err_set(err,
                       "%s: no such network here: if a unit of systemd forbids it, \"stekctl "
                       "setup\" allows it",
                       at);
    return err_errno(err, "%s", at);
}

static bool
listen_to(struct udp_socket *shared)
{
    struct event_base *base = loop_base(shared->loop);

    shared->again = evtimer_new(base, on_again, shared);
    shared->event = event_new(base, shared->fd, EV_READ | EV_PERSIST, on_readable, shared);
    if (shared->again == NULL || shared->event == NULL || event_add(shared->event, NULL) != 0)
        return false;
    shared->next = *loop_sockets(shared->loop);
    *loop_sockets(shared->loop) = shared;
    return true;
}

static struct udp_socket *
open_socket(struct loop *loop, const struct address *at, const char *interface, struct err *err)
{
    struct udp_socket *shared = calloc(1, sizeof *shared);

    if (shared == NULL) {
        (void)err_set(err, "no memory for a socket"); /* always false */
        return NULL;
    }
    *shared = (struct udp_socket){.loop = loop, .at = *at, .fd = -1};
    if (interface != NULL) {
        (void)snprintf(shared->interface, sizeof shared->interface, "%s", interface); /* or none */
        shared->index = if_nametoindex(shared->interface);
    }
    if (interface != NULL && shared->index == 0)
        (void)err_set(err, "%s: no such interface, or not yet", interface); /* always false */
    else if (!make(shared))
        (void)explain(shared, err); /* always false */
    else if (listen_to(shared))
        return shared;
    let_go(shared);
    return NULL;
}

struct udp *
udp_open(struct loop *loop, const struct address *at, const char *interface, udp_fn *call,
         void *arg, struct err *err)
{
    struct udp *udp = calloc(1, sizeof *udp);
    struct udp_socket *shared = find(loop, at, interface);

    (void)err_set(err, "no memory for a socket"); /* unless a better reason comes */
    if (udp == NULL)
        return NULL;
    if (shared == NULL)
        shared = open_socket(loop, at, interface, err);
    if (shared == NULL) {
        free(udp);
        return NULL;
    }
    *udp = (struct udp){.socket = shared, .next = shared->users, .call = call, .arg = arg};
    shared->users = udp;
    return udp;
}

void
udp_close(struct udp **udp)
{
    struct udp_socket *shared, **place;
    struct udp **at;

    if (*udp == NULL)
        return;
    shared = (*udp)->socket;
    for (at = &shared->users; *at != *udp;)
        at = &(*at)->next;
    *at = (*udp)->next;
    free(*udp);
    *udp = NULL;
    if (shared->users != NULL)
        return;
    for (place = loop_sockets(shared->loop); *place != shared;)
        place = &(*place)->next;
    *place = shared->next;
    let_go(shared);
}

bool
udp_rejoin(struct udp *group, struct err *err)
{
    struct udp_socket *shared = group->socket;

    if (shared->interface[0] != '\0')
        shared->index = if_nametoindex(shared->interface);
    if (shared->interface[0] != '\0' && shared->index == 0)
        return err_set(err, "%s: the interface is gone", shared->interface);
    return join(shared) || explain(shared, err);
}

/* ---- sending ---- */

static enum udp_sent
result_of(ssize_t sent, const struct address *to, struct err *err)
{
    char text[ADDRESS_TEXT_MAX];

    if (sent >= 0)
        return UDP_SENT;
    if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR)
        return UDP_FULL;
    address_text(text, to);
    (void)err_errno(err, "%s: cannot send", text); /* always false */
    return UDP_FAILED;
}

enum udp_sent
udp_send(const struct udp *udp, const struct address *to, const uint8_t *bytes, size_t len,
         struct err *err)
{
    return result_of(sendto(udp->socket->fd, bytes, len, 0, (const void *)to->bytes, to->len), to,
                     err);
}

enum udp_sent
udp_send_group(const struct udp *udp, const struct udp *group, const uint8_t *bytes, size_t len,
               struct err *err)
{
    const struct udp_socket *to = group->socket;
    struct in_pktinfo way = {.ipi_ifindex = (int)to->index};
    char control[CMSG_SPACE(sizeof way)] __attribute__((aligned(8))) = {0};
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): which is only read */
    struct iovec part = {(void *)(uintptr_t)bytes, len};
    socklen_t name_len;
    struct sockaddr_storage name = name_of(to, &name_len);
    struct msghdr message = {
        .msg_name = &name, .msg_namelen = name_len, .msg_iov = &part, .msg_iovlen = 1};
    struct cmsghdr *head;

    if (!address_is_v6(&to->at) && to->index != 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = IPPROTO_IP;
        head->cmsg_type = IP_PKTINFO;
        head->cmsg_len = CMSG_LEN(sizeof way);
        memcpy(CMSG_DATA(head), &way, sizeof way);
    }
    return result_of(sendmsg(udp->socket->fd, &message, 0), &to->at, err);
}
