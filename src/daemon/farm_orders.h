/* farm_orders.h - what the operator orders about the farm of one keyset: begin one, ask to join,
 * let a host in, take the answer, give the farm a fresh secret. The files are the state
 * (farm_file.h); who orders tells who uses them. Time is an argument.
 *
 *   R-FARMORDER-1: a farm is begun only where there is none, and no file of one.
 *   R-FARMORDER-2: what fails leaves the files as they were.
 *   R-FARMORDER-3: a member answers a request once, within its hour, and only for this keyset.
 *   R-FARMORDER-4: a host takes one answer, also after a restart; its private key is then
 *                  destroyed. Where the farm cannot be saved, it can be taken again.
 *   R-FARMORDER-5: nothing of a farm opens in what it has become by a rekey, or the other way.
 *   R-FARMORDER-6: what comes out is public: ids, lines that are sealed to a request. */
#ifndef DAEMON_FARM_ORDERS_H
#define DAEMON_FARM_ORDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"
#include "daemon/farm_file.h"
#include "daemon/service.h"
#include "share/join.h"

#define FARM_NAME_LEN 17 /* the first half of a farm's id in hex, and a NUL */

/* The farm and the desk where its orders are taken, for one of them. */
struct farm_desk {
    struct farm_paths paths;
    const char *keyset;
    const struct farm *farm;        /* as this host has it now; NULL: what is in the file */
    struct farm_answered *answered; /* what the keyset remembers */
};

/* What people know a farm by. Returns `out`. */
char *farm_name(char out[FARM_NAME_LEN], const uint8_t id[FARM_ID_LEN]);

/* `name` is that of the farm as it is afterwards. */
enum service_outcome farm_init(const struct farm_desk *desk, char name[FARM_NAME_LEN],
                               uint64_t now_ms, struct err *err);
enum service_outcome farm_rekey(const struct farm_desk *desk, char name[FARM_NAME_LEN],
                                uint64_t now_ms, struct err *err);

/* Ask to join, with a fresh request instead of one that waits; its line for an empty `line`. */
enum service_outcome farm_ask(const struct farm_desk *desk, struct secret_buf *line,
                              struct join_request *request, uint64_t host, uint64_t now_ms,
                              struct err *err);

/* Answer the request in `text`; the answer's line for an empty `line`. */
enum service_outcome farm_invite(const struct farm_desk *desk, struct secret_buf *line,
                                 struct join_request *request, const char *text, size_t len,
                                 uint64_t now_ms, struct err *err);

/* Take the answer in `text`. `warning` is empty, or says what is left to do. */
enum service_outcome farm_take(const struct farm_desk *desk, char name[FARM_NAME_LEN],
                               struct err *warning, const char *text, size_t len, uint64_t now_ms,
                               struct err *err);

#endif
