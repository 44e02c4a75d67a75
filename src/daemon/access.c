/* see access.h */
#include "daemon/access.h"

static bool
is_set(const struct config_group *group)
{
    return group->name[0] != '\0';
}

enum access
access_of(const struct peer *peer, uid_t own, const struct config_control *control)
{
    if (!peer->is_known)
        return ACCESS_NONE;
    if (peer->uid == 0 || peer->uid == own)
        return ACCESS_OWN;
    if (is_set(&control->admin) && peer_is_in(peer, control->admin.gid))
        return ACCESS_ORDER;
    if (is_set(&control->observer) && peer_is_in(peer, control->observer.gid))
        return ACCESS_LOOK;
    return ACCESS_NONE;
}

void
access_explain(struct err *err, enum access wanted, const struct config_control *control)
{
    const char *what = wanted == ACCESS_ORDER ? "rotate and revoke" : "ask";
    const char *admin = control->admin.name, *observer = control->observer.name;
    bool is_either = wanted == ACCESS_LOOK && is_set(&control->observer);

    if (wanted == ACCESS_OWN)
        (void)err_set(err,
                      "only root and the user that stekd runs as may say who is in a farm, for "
                      "its members have all keys: run stekctl as one of them"); /* false */
    else if (!is_set(&control->admin) && !is_either)
        (void)err_set(err,
                      "only root and the user that stekd runs as may %s: run stekctl as one of "
                      "them, or let a group in by control { } in stekd.conf",
                      what); /* always false */
    else
        (void)err_set(err,
                      "only root, the user that stekd runs as and the members of %s%s%s may %s: "
                      "become a member and log in again, or run stekctl as one of them",
                      is_set(&control->admin) ? admin : observer,
                      is_either && is_set(&control->admin) ? " and " : "",
                      is_either && is_set(&control->admin) ? observer : "", what);
}
