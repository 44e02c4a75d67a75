/* Hosts whose clocks differ make, confirm and revoke keys, put sealed records where all can read
 * them, and get them in any order, several times or not at all, while days go by and hosts forget.
 * STEK_SEED, which each run prints, repeats it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "share/inbox.h"
#include "share/merge.h"
#include "share_support.h"

#define HOSTS 4
#define RECORDS 600
#define FARMS 15
#define STEPS 500

struct host {
    struct keyset set;
    struct farm farm;
    struct inbox inbox;
    uint64_t skew_ms;
};

struct world {
    struct policy policy;
    struct host hosts[HOSTS];
    struct secret_buf records[RECORDS]; /* all that were ever put */
    size_t count;
    size_t newest[HOSTS]; /* of each host, and one; 0: none */
    size_t taken;         /* how many records did something */
    uint64_t time_ms, rng;
    const char *broken;
};

static uint64_t seed; /* set by main, read by the test */

static void
must(struct world *world, bool held, const char *what)
{
    if (!held && world->broken == NULL)
        world->broken = what;
}

static uint64_t
clock_of(const struct world *world, size_t i)
{
    return world->time_ms + world->hosts[i].skew_ms;
}

static void
make_key(struct world *world, size_t i)
{
    struct host *host = &world->hosts[i];
    uint64_t now = clock_of(world, i), epoch;
    struct key_material fresh = material_of(&world->rng);
    KEY(key);

    if (schedule_missing(&host->set, &world->policy, i + 1, now / 1000, &epoch))
        schedule_make_epoch(&key, &host->set, &world->policy, &fresh, i + 1, epoch, now);
    else if (rng_below(&world->rng, 4) == 0)
        schedule_make_rotation(&key, &host->set, &world->policy, &fresh, i + 1, now);
    else
        return;
    must(world, keyset_add(&host->set, &key, now, NULL) == KEYSET_CHANGED, "own key refused");
}

static void
confirm_or_revoke(struct world *world, size_t i)
{
    struct keyset *set = &world->hosts[i].set;
    uint64_t now = clock_of(world, i);
    struct key *key;
    struct mark mark;

    if (set->key_count == 0)
        return;
    key = &set->keys[rng_below(&world->rng, set->key_count)];
    mark = keyset_mark_all(set, &world->policy, now);
    switch (rng_below(&world->rng, 12)) {
    case 0:
        must(world, keyset_revoke_mark(set, mark.made_ms, mark.until, now, NULL) != KEYSET_REFUSED,
             "mark refused");
        break;
    case 1:
    case 2:
        must(world, keyset_revoke(set, key->name, false, now, NULL) != KEYSET_REFUSED,
             "revocation refused");
        break;
    default:
        must(world, keyset_confirm(set, key->name, key->open_until, now, NULL) != KEYSET_REFUSED,
             "confirmation refused");
        break;
    }
}

/* Say what is to be said, in a new record. */
static void
put(struct world *world, size_t i)
{
    struct host *host = &world->hosts[i];
    uint64_t now = clock_of(world, i), last = inbox_last(&host->inbox, i + 1, RECORD_KEYS, now);
    struct record_head head = head_of(i + 1, RECORD_KEYS, record_sequence(last, now));
    uint8_t salt[RECORD_SALT_LEN];
    SECRET_BUF(content);

    if (world->count == RECORDS)
        return;
    rng_fill(&world->rng, salt, sizeof salt);
    must(world,
         content_of(&content, &host->set, i + 1, now) &&
             record_seal(&world->records[world->count], &host->farm, &head, salt, content.bytes,
                         content.len, NULL) &&
             inbox_take(&host->inbox, &head, now) == RECORD_OPENED,
         "own record not sealed");
    world->newest[i] = ++world->count;
}

static void
deliver(struct world *world, size_t i, size_t record)
{
    struct host *host = &world->hosts[i];
    const struct secret_buf *bytes = &world->records[record];
    uint64_t now = clock_of(world, i);
    struct record_head head;
    bool refused, changed;
    enum record_verdict verdict;
    SECRET_BUF(content);

    must(world, farm_advance(&host->farm, &changed, farm_keep_days(&world->policy), now, NULL),
         "farm not advanced");
    verdict = inbox_open(&host->inbox, &content, &head, RECORD_KEYS, bytes->bytes, bytes->len, now);
    if (verdict != RECORD_OPENED) {
        must(world,
             verdict == RECORD_KNOWN || verdict == RECORD_ROLLED_BACK || verdict == RECORD_DAY_OVER,
             record_verdict_text(verdict));
        return;
    }
    world->taken += merge_peer(&host->set, &refused, head.sender, content.bytes, content.len, now,
                               NULL) == KEYSET_CHANGED; /* it may all be known */
    must(world, !refused, "part of a record refused");
    must(world, inbox_take(&host->inbox, &head, now) == RECORD_OPENED, "not taken");
}

/* A host that starts anew knows what it reads back of its own, and nothing else. */
static void
forget(struct world *world, size_t i)
{
    struct host *host = &world->hosts[i];

    if (world->newest[i] == 0)
        return;
    put(world, i);
    inbox_free(&host->inbox);
    inbox_init(&host->inbox, &host->farm, "www", i + 1);
    if (rng_below(&world->rng, 2) == 0)
        keyset_free(&host->set);
    deliver(world, i, world->newest[i] - 1);
}

static void
step(struct world *world)
{
    size_t i = (size_t)rng_below(&world->rng, HOSTS);
    struct host *host = &world->hosts[i];

    switch (rng_below(&world->rng, 8)) {
    case 0: make_key(world, i); break;
    case 1: confirm_or_revoke(world, i); break;
    case 2: put(world, i); break;
    case 3: /* clocks differ by less than is refused, and are set */
        host->skew_ms = rng_below(&world->rng, KEY_SKEW_MS - 60000);
        break;
    case 4:
        world->time_ms +=
            rng_below(&world->rng, rng_below(&world->rng, 20) == 0 ? 30000000 : 900000);
        break;
    case 5:
        if (rng_below(&world->rng, 5) == 0)
            forget(world, i);
        break;
    default:
        if (world->count > 0)
            deliver(world, i, (size_t)rng_below(&world->rng, world->count));
        break;
    }
    (void)keyset_expire(&host->set, clock_of(world, i)); /* whether anything was over */
}

/* Everybody puts a record and gets the newest of each, in any order, some twice. */
static void
tell_all(struct world *world)
{
    for (size_t i = 0; i < HOSTS; i++)
        put(world, i);
    for (size_t i = 0; i < HOSTS; i++) {
        size_t start = (size_t)rng_below(&world->rng, HOSTS);

        for (size_t j = 0; j < 2 * HOSTS - 1; j++) {
            size_t from = (start + j * 3) % HOSTS; /* 3 and HOSTS have no factor in common */

            if (world->newest[from] > 0)
                deliver(world, i, world->newest[from] - 1);
        }
        (void)keyset_expire(&world->hosts[i].set, clock_of(world, i)); /* as above */
    }
}

/* What must be alike: keys that open, with what is confirmed while it matters; what is revoked. */
static struct dump
opening(const struct keyset *set, uint64_t now_s)
{
    struct dump dump = {{0}, 0};
    struct writer w = writer_of(dump.bytes, sizeof dump.bytes);

    for (size_t i = 0; i < set->key_count; i++) {
        struct key key = set->keys[i];

        if (key.seal_until <= now_s)
            key.flags &= ~(uint32_t)KEY_CONFIRMED;
        if (keyset_may_open(&key, now_s))
            dump_key(&w, &key);
    }
    for (size_t i = 0; i < set->revocation_count; i++) {
        write_bytes(&w, set->revocations[i].name, KEY_NAME_LEN);
        write_u64(&w, set->revocations[i].until);
    }
    write_u64(&w, set->mark.made_ms);
    write_u64(&w, set->mark.until);
    dump.len = w.failed ? 0 : w.len;
    return dump;
}

static bool
same_sealing(const struct world *world, size_t a, size_t b)
{
    uint64_t now_s = world->time_ms / 1000;
    const struct key *x = keyset_sealing(&world->hosts[a].set, &world->policy, 1, now_s);
    const struct key *y = keyset_sealing(&world->hosts[b].set, &world->policy, 1, now_s);

    return x == NULL || y == NULL ? x == y : memcmp(x->name, y->name, KEY_NAME_LEN) == 0;
}

static bool
begin(struct world *world, uint64_t rng)
{
    *world = (struct world){.policy = policy_of(3600, 900, 43200), .time_ms = NOW_MS, .rng = rng};
    for (size_t i = 0; i < HOSTS; i++) {
        if (!farm_of(&world->hosts[i].farm, rng, NOW_MS))
            return false;
        inbox_init(&world->hosts[i].inbox, &world->hosts[i].farm, "www", i + 1);
    }
    return true;
}

static void
end(struct world *world)
{
    for (size_t i = 0; i < HOSTS; i++) {
        keyset_free(&world->hosts[i].set);
        inbox_free(&world->hosts[i].inbox);
        farm_wipe(&world->hosts[i].farm);
    }
    for (size_t i = 0; i < world->count; i++)
        secret_buf_free(&world->records[i]);
}

/* R-MERGE-1, and R-RECORD-5 and R-FARM-1 on the way. */
static void
test_hosts_agree(void **state)
{
    static struct world world;
    size_t keys = 0, taken = 0;

    (void)state;
    for (uint64_t farm = 0; farm < FARMS; farm++) {
        struct dump first;

        assert_true(begin(&world, seed + farm));
        for (size_t i = 0; i < STEPS; i++)
            step(&world);
        for (size_t i = 0; i < HOSTS; i++)
            world.hosts[i].skew_ms = 0;
        world.time_ms += KEY_SKEW_MS; /* nobody is ahead any more */
        for (int i = 0; i < 3; i++)   /* what one adds to another's word goes round again */
            tell_all(&world);
        if (world.broken != NULL)
            fail_msg("%s", world.broken);
        assert_true(world.count < RECORDS);
        first = opening(&world.hosts[0].set, world.time_ms / 1000);
        keys += world.hosts[0].set.key_count;
        taken += world.taken;
        for (size_t i = 1; i < HOSTS; i++) {
            struct dump other = opening(&world.hosts[i].set, world.time_ms / 1000);

            assert_true(dump_equal(&first, &other));
            assert_true(same_sealing(&world, 0, i));
        }
        end(&world);
    }
    assert_true(keys > FARMS && taken > 10 * FARMS); /* something did happen */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts_agree),
    };

    seed = rng_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
