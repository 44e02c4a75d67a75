/* request.h - what stekctl asks, taken apart and checked (docs/control.md). Pure. */
#ifndef DAEMON_REQUEST_H
#define DAEMON_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "control/control.h"
#include "daemon/service.h"

struct request {
    char keyset[CONTROL_KEYSET_MAX + 1]; /* "": left out */
    bool all, only;
    struct revoke_name names[CONTROL_NAMES_MAX];
    size_t name_count;
    char line[CONTROL_LINE_MAX + 1]; /* a request to join a farm, or the answer; "": left out */
};

/* The body of POST /v1/rotate, and of /v1/revoke: one JSON object, with no member twice and none
 * that is not known. On failure `request` is left alone. */
bool request_rotate(struct request *request, const char *body, size_t len, struct err *err);
bool request_revoke(struct request *request, const char *body, size_t len, struct err *err);

/* The same of /v1/farm/init and /v1/farm/rekey, where `line` is NULL; /v1/farm/invite, where it is
 * "request"; and /v1/farm/join, where it is "answer" and may be left out. */
bool request_farm(struct request *request, const char *line, const char *body, size_t len,
                  struct err *err);

/* The query of GET /v1/keys or /v1/farm: "" or "keyset=NAME". */
bool request_keys(struct request *request, const char *query, struct err *err);

/* That of GET /v1/fleet: the same, and then or alone "key=NAME", which becomes names[0]. */
bool request_fleet(struct request *request, const char *query, struct err *err);

/* True if a request that came by a loopback address may name this host so ("": it does not). A
 * page of another site, whose name was made to mean that address, names its site (DNS rebinding).
 */
bool request_host_ok(const char *host);

#endif
