/* reply_farm.h - stekd's answers about the farm of a keyset, taken apart; see reply.h. */
#ifndef CLI_REPLY_FARM_H
#define CLI_REPLY_FARM_H

#include "cli/reply.h"

#define REPLY_FINGERPRINT 20
#define REPLY_ID 17 /* of a farm or a host */

/* GET /v1/farm */
struct reply_farm {
    char keyset[CONTROL_KEYSET_MAX + 1];
    uint64_t now;
    bool is_shared;
    char file[REPLY_TEXT];
    char id[REPLY_ID]; /* "": it is in no farm */
    uint64_t since, keep_days;
    char warning[ERR_MAX];           /* "": none */
    char line[CONTROL_LINE_MAX + 1]; /* of the request that waits; "": none */
    char fingerprint[REPLY_FINGERPRINT];
    uint64_t expires;
};

bool reply_farm_read(struct reply_farm *reply, const json_t *root, struct err *err);

/* POST /v1/farm/init and rekey, and join with an answer. */
struct reply_member {
    char keyset[CONTROL_KEYSET_MAX + 1];
    char id[REPLY_ID];
    char file[REPLY_TEXT];
};

bool reply_member_read(struct reply_member *reply, const json_t *root, struct err *err);

/* POST /v1/farm/join without one. */
struct reply_asked {
    char keyset[CONTROL_KEYSET_MAX + 1];
    char line[CONTROL_LINE_MAX + 1];
    char fingerprint[REPLY_FINGERPRINT];
    uint64_t expires;
    char leaves[REPLY_ID]; /* the farm that it is in until then; "": none */
};

bool reply_asked_read(struct reply_asked *reply, const json_t *root, struct err *err);

/* POST /v1/farm/invite */
struct reply_answered {
    char keyset[CONTROL_KEYSET_MAX + 1];
    char line[CONTROL_LINE_MAX + 1];
    char fingerprint[REPLY_FINGERPRINT];
    char host[REPLY_ID], host_name[REPLY_TEXT];
};

bool reply_answered_read(struct reply_answered *reply, const json_t *root, struct err *err);

#endif
