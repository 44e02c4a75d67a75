/* control_server.h - the requests that stekctl sends, answered (docs/control.md). */
#ifndef DAEMON_CONTROL_SERVER_H
#define DAEMON_CONTROL_SERVER_H

#include "daemon/stekd.h"
#include "io/http_server.h"

#define CONTROL_HEAD_MAX 8192U
#define CONTROL_CONNECTIONS_MAX 64U
#define CONTROL_OTHERS_MAX 48U /* of members of the groups */
#define CONTROL_TIMEOUT_S 5

/* Two http_handlers; `arg` is the struct stekd. The second one is for TCP: it takes no orders. */
void control_answer(void *arg, struct http_answer *answer, const struct http_request *request);
void control_answer_read_only(void *arg, struct http_answer *answer,
                              const struct http_request *request);

#endif
