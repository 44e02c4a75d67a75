/* ask.h - a control request to a stekd in this process. */
#ifndef TESTS_MODEL_ASK_H
#define TESTS_MODEL_ASK_H

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/control_server.h"

/* As user `uid`; its status, and the answer, to be released. */
static inline int
ask_stekd(struct stekd *stekd, json_t **root, uid_t uid, const char *method, const char *path,
          const char *query, const char *body)
{
    const struct peer peer = {.is_known = true, .uid = uid};
    struct http_answer answer = {0};
    struct http_request request = {.method = method, .path = path, .query = query, .host = ""};

    request.body = body;
    request.body_len = strlen(body);
    request.peer = &peer;
    request.accept = "";
    control_answer(stekd, &answer, &request);
    *root = answer.body == NULL ? NULL : json_loads(answer.body, JSON_REJECT_DUPLICATES, NULL);
    free(answer.body);
    return answer.status;
}

#endif
