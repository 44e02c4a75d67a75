/* What fails beside the calls of fault.c where there are libevent and libacl: see fault.h. */
#include <stddef.h>
#include <sys/acl.h>
#include <sys/time.h>

#include "fault_wrap.h"

/* The linker takes the libraries' own calls for references to these; they never come here. */
#pragma GCC visibility push(default)

struct event;
struct event_base;
struct evhttp;
struct evhttp_bound_socket;
struct evconnlistener;

WRAP(struct event_base *, event_base_new, (void), (), NULL, ENOMEM)
WRAP(struct event *, event_new,
     (struct event_base * base, int fd, short what, void (*call)(int, short, void *), void *arg),
     (base, fd, what, call, arg), NULL, ENOMEM)
WRAP(int, event_add, (struct event * event, const struct timeval *after), (event, after), -1,
     ENOMEM)
WRAP(struct evconnlistener *, evconnlistener_new,
     (struct event_base * base, void *call, void *arg, unsigned flags, int backlog, int fd),
     (base, call, arg, flags, backlog, fd), NULL, ENOMEM)
WRAP(struct evhttp *, evhttp_new, (struct event_base * base), (base), NULL, ENOMEM)
WRAP(struct evhttp_bound_socket *, evhttp_bind_listener,
     (struct evhttp * http, struct evconnlistener *listener), (http, listener), NULL, ENOMEM)
WRAP(acl_t, acl_from_text, (const char *text), (text), NULL, ENOMEM)
WRAP(int, acl_set_file, (const char *path, acl_type_t type, acl_t acl), (path, type, acl), -1,
     EOPNOTSUPP)

#pragma GCC visibility pop
