/* service_inner.h - between the files of a service. */
#ifndef DAEMON_SERVICE_INNER_H
#define DAEMON_SERVICE_INNER_H

#include "daemon/service.h"

/* Make a key, by the rule that `kind` names, and add it to `set`, a copy of the service's. `at` is
 * the number of an epoch, the first second of a gap, else 0. */
enum make_kind { MAKE_EPOCH, MAKE_GAP, MAKE_ROTATION, MAKE_EMERGENCY };
bool service_make(struct service *service, struct keyset *set, struct key *made,
                  enum make_kind kind, uint64_t at, struct ring_time now, struct err *err);

/* Make the keys that are due: one for each epoch that lacks one, one for a gap before that. */
bool service_make_due(struct service *service, struct keyset *set, struct ring_time now,
                      struct err *err);

/* Put a changed copy into the ring and then in the place of the service's keyset; `set` is left
 * with the old one. Logs what changed. With true, `err` may have been set to a warning. */
bool service_commit(struct service *service, struct keyset *set, struct ring_time now,
                    struct err *err);

/* Undo what others did to the ring's file. False, with the reason in `err`, where something stands
 * in the way: the ring may still take changes. */
bool service_mend(struct service *service, struct ring_time now, struct err *err);

/* Save the keyset, where it is to outlive a boot; what goes wrong is kept for the next tick. */
void service_save(struct service *service, struct ring_time now);

/* What was revoked in a farm, as its file has it, holds in `set`; `err` says what does not yet. */
void service_hold_revoked(const struct service *service, struct keyset *set, struct ring_time now,
                          struct err *err);

/* True if the ring has room for all keys of this policy. */
bool service_check_room(const struct service *service, const struct policy *policy,
                        struct err *err);

/* The folder of counters, for this group. */
bool service_make_counters(const struct service *service, gid_t group, struct err *err);

#endif
