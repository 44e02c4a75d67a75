/* see member_inner.h: the farm's secret */
#include <string.h>

#include "daemon/member_inner.h"
#include "daemon/service.h"
#include "io/disk.h"

#define HOUR_MS ((uint64_t)3600 * 1000)

static void
note_farm(struct member *member, const struct err *trouble)
{
    if (trouble->text[0] != '\0' && strcmp(trouble->text, member->farm_trouble.text) != 0)
        log_warn(member->log, "keyset %s: %s", member->keyset, trouble->text);
    member->farm_trouble = *trouble;
}

/* Not over what an operator put there, and has not yet told us of, or lets nobody write. */
static bool
save_farm(struct member *member, struct err *err)
{
    struct err warning, none;
    FARM(there);

    if (farm_file_load(&there, &warning, &member->paths, &none) == FARM_FILE_LOADED &&
        memcmp(there.id, member->farm.id, sizeof there.id) != 0)
        return err_set(err, "%s: it is another farm's now: reload stekd to move there",
                       member->paths.farm);
    return disk_is_fixed(member->paths.farm) || farm_file_save(&member->paths, &member->farm, err);
}

void
member_advance_farm(struct member *member, struct ring_time now)
{
    uint64_t keep_days = farm_keep_days(&member->service->config.policy);
    struct err trouble = {""};
    bool changed = false, done;

    member->due.day = now.boot_ms + HOUR_MS;
    member->peer_day = member->farm.peer_day;
    if (!member->has_farm)
        return;
    done = farm_advance(&member->farm, &changed, keep_days, now.unix_ms, &trouble);
    member->is_farm_unsaved = member->is_farm_unsaved || changed;
    if (done && member->is_farm_unsaved) {
        done = save_farm(member, &trouble);
        member->is_farm_unsaved = !done;
    }
    if (!done)
        member->due.day = now.boot_ms + MEMBER_RETRY_MS;
    note_farm(member, &trouble);
}

static void
warn(const struct member *member, const struct err *warning)
{
    if (warning->text[0] != '\0')
        log_warn(member->log, "keyset %s: %s", member->keyset, warning->text);
}

bool
member_load_farm(const struct member *member, struct farm *farm, bool *is_there, struct err *err)
{
    struct err warning = {""};
    enum farm_file found = farm_file_load(farm, &warning, &member->paths, err);

    warn(member, &warning);
    *is_there = found == FARM_FILE_LOADED;
    return found != FARM_FILE_BAD;
}

/* ---- a request to join another ---- */

void
member_look_at_join(struct member *member, struct ring_time now)
{
    uint64_t now_s = now.unix_ms / 1000, left_s;
    struct err trouble = {""};
    JOIN(join);

    member->due.join = MEMBER_NEVER;
    switch (farm_file_load_join(&join, &member->paths, now_s, &trouble)) {
    case FARM_FILE_LOADED:
        left_s = join.request.expires_s - now_s; /* not over */
        if (left_s > JOIN_LIFE_S)                /* the clock was set back */
            left_s = JOIN_LIFE_S;
        member->due.join = now.boot_ms + left_s * 1000;
        return;
    case FARM_FILE_NONE: return;
    case FARM_FILE_BAD:
    default: warn(member, &trouble);
    }
}

void
member_asked(struct member *member, struct ring_time now)
{
    member_look_at_join(member, now);
    member_arm(member, now);
}
