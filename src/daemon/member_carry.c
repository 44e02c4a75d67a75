/* see member_inner.h: what our record carries that others made or ordered.
 *
 * A revocation hangs on no single record: it joins the next write of whoever has learnt of it, or
 * is written where too few records carry it. So does an orphan: a key that its maker does not say
 * any more, as it has lost its memory, or that has no record any more, as its host is gone. */
#include "daemon/member_inner.h"
#include "daemon/service.h"
#include "share/merge.h"

#define CARRIERS_ENOUGH 3U
#define CARRIED_MAX 256U /* keys: a record stays small, and others take the rest */
#define LEFT_S 10U       /* a key that is over so soon is not worth a write */

/* So that who has no record with us has none: all lists were whole, and there was room. */
static bool
is_all_known(const struct member *member)
{
    bool is_listed = true;

    for (size_t i = 0; i < member->engine_count; i++)
        is_listed = is_listed && member->engines[i].has_listed;
    return is_listed && member->carrier_count < FLEET_HOSTS_MAX;
}

/* Its maker does not say it: in its newest record, or as it has none. */
static bool
is_orphan(const struct member *member, const struct key *key)
{
    if (key->maker == member->host || (key->flags & KEY_REVOKED) != 0 ||
        member->word_count >= MEMBER_WORDS_MAX || member_says(member, key->maker, key))
        return false;
    return member_has_record(member, key->maker) || is_all_known(member);
}

static bool
carries(void *arg, const struct key *key)
{
    struct member *member = arg;

    if (member->carried_count == CARRIED_MAX || !is_orphan(member, key) ||
        (!member_says(member, member->host, key) &&
         member_count_others(member, key) >= CARRIERS_ENOUGH))
        return false;
    member->carried_count++;
    return true;
}

bool
member_own(struct member *member, struct keyset *out, uint64_t now_ms, struct err *err)
{
    member->carried_count = 0;
    return merge_own(out, &member->service->set, member->host, carries, member, now_ms, err);
}

static bool
is_revocation_rare(const struct member *member)
{
    uint64_t withdrawn = merge_withdrawn(&member->service->set);

    return withdrawn != 0 && withdrawn != member_said_withdrawn(member) &&
           member_count_withdrawn(member, withdrawn) < CARRIERS_ENOUGH;
}

static bool
is_orphan_rare(const struct member *member, uint64_t now_ms)
{
    const struct keyset *set = &member->service->set;
    bool is_rare = false;

    if (member->carried_count == CARRIED_MAX)
        return false;
    for (size_t i = 0; i < set->key_count && !is_rare; i++) {
        const struct key *key = &set->keys[i];

        is_rare = is_orphan(member, key) && key->open_until > now_ms / 1000 + LEFT_S &&
                  !member_says(member, member->host, key) &&
                  member_count_others(member, key) < CARRIERS_ENOUGH;
    }
    return is_rare;
}

enum member_rare
member_is_rare(const struct member *member, uint64_t now_ms)
{
    if (is_revocation_rare(member))
        return MEMBER_RARE_REVOCATION;
    return is_orphan_rare(member, now_ms) ? MEMBER_RARE_ORPHAN : MEMBER_RARE_NOTHING;
}
