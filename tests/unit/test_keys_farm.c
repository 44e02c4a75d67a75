/* Hosts with clocks that differ make, exchange, confirm and revoke keys at random while time goes
 * on; STEK_SEED, which each run prints, repeats it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keys/encode.h"
#include "keys_support.h"

#define HOSTS 4
#define EVER_MAX 2000 /* keys of one farm, over all its time */
#define FARMS 40
#define STEPS 700

/* What is known of every key ever made, by who watches from outside. */
struct ever {
    struct key key;
    bool withdrawn[HOSTS]; /* this host has learnt that it is revoked */
};

struct farm {
    struct policy policy;
    struct keyset sets[HOSTS];
    int64_t skew_ms[HOSTS];
    struct ever ever[EVER_MAX];
    size_t count;
    uint64_t time_ms;
    uint64_t rng;
    bool broken; /* something was refused that should not be */
};

static uint64_t seed; /* set by main, read by the tests */

static uint64_t
now_ms(const struct farm *farm, size_t host)
{
    return farm->time_ms + (uint64_t)farm->skew_ms[host];
}

static size_t
any_host(struct farm *farm)
{
    return (size_t)rng_below(&farm->rng, HOSTS);
}

/* How far a clock is ahead; it may be set, also back. Two differ by less than what is refused,
 * since `made` may be above what another clock made. */
static int64_t
any_skew(struct farm *farm)
{
    return (int64_t)rng_below(&farm->rng, KEY_SKEW_MS - 1000);
}

/* Take down what a host should know: what its keyset flags, and what its marks and names forbid. */
static void
note(struct farm *farm, size_t host)
{
    for (size_t i = 0; i < farm->count; i++) {
        struct ever *ever = &farm->ever[i];
        const struct keyset *set = &farm->sets[host];
        const struct key *key = keyset_find(set, ever->key.name);

        ever->withdrawn[host] |= key != NULL && (key->flags & KEY_REVOKED) != 0;
        ever->withdrawn[host] |= set->mark.until > 0 && ever->key.made_ms <= set->mark.made_ms;
    }
}

static void
make_key(struct farm *farm, size_t host)
{
    struct keyset *set = &farm->sets[host];
    uint64_t now = now_ms(farm, host), epoch;
    struct key_material fresh = material_of(&farm->rng);
    KEY(key);

    if (farm->count == EVER_MAX)
        return;
    if (rng_below(&farm->rng, 10) == 0)
        schedule_make_rotation(&key, set, &farm->policy, &fresh, host, now);
    else if (schedule_missing(set, &farm->policy, host, now / 1000, &epoch))
        schedule_make_epoch(&key, set, &farm->policy, &fresh, host, epoch, now);
    else if (keyset_sealing(set, &farm->policy, host, now / 1000) == NULL)
        schedule_make_emergency(&key, set, &farm->policy, &fresh, host, now);
    else
        return;
    farm->broken |= keyset_add(set, &key, now, NULL) != KEYSET_CHANGED;
    farm->broken |= (keyset_find(set, key.name)->flags & KEY_REVOKED) != 0;
    farm->ever[farm->count++].key = key;
}

/* One host tells another what it knows, directly or over the wire. */
static void
tell(struct farm *farm, size_t from, size_t to)
{
    uint64_t now = now_ms(farm, to);
    KEYSET(heard);
    SECRET_BUF(bytes);

    if (from == to)
        return;
    if (rng_below(&farm->rng, 2) == 0) {
        farm->broken |=
            keyset_merge(&farm->sets[to], &farm->sets[from], now, NULL) == KEYSET_REFUSED;
        return;
    }
    farm->broken |= !encode_keyset(&bytes, &farm->sets[from], NULL) ||
                    !decode_keyset(&heard, bytes.bytes, bytes.len, now, NULL) ||
                    keyset_merge(&farm->sets[to], &heard, now, NULL) == KEYSET_REFUSED;
}

static void
withdraw(struct farm *farm, size_t host)
{
    struct keyset *set = &farm->sets[host];
    uint64_t now = now_ms(farm, host);
    uint8_t name[KEY_NAME_LEN];
    struct mark mark;

    if (rng_below(&farm->rng, 3) == 0) {
        mark = keyset_mark_all(set, &farm->policy, now);
        farm->broken |=
            keyset_revoke_mark(set, mark.made_ms, mark.until, now, NULL) == KEYSET_REFUSED;
    } else if (set->key_count > 0) {
        memcpy(name, set->keys[rng_below(&farm->rng, set->key_count)].name, sizeof name);
        farm->broken |=
            keyset_revoke(set, name, rng_below(&farm->rng, 2) == 0, now, NULL) == KEYSET_REFUSED;
    }
}

static void
confirm(struct farm *farm, size_t host)
{
    struct keyset *set = &farm->sets[host];
    const struct key *key;

    if (set->key_count == 0)
        return;
    key = &set->keys[rng_below(&farm->rng, set->key_count)];
    farm->broken |=
        keyset_confirm(set, key->name, key->open_until, now_ms(farm, host), NULL) == KEYSET_REFUSED;
}

static void
step(struct farm *farm)
{
    size_t host = any_host(farm), other = any_host(farm);

    switch (rng_below(&farm->rng, 12)) {
    case 0:
    case 1:
    case 2: make_key(farm, host); break;
    case 3:
    case 4:
    case 5: tell(farm, host, other); break;
    case 6:
    case 7: confirm(farm, host); break;
    case 8:
        if (rng_below(&farm->rng, 6) == 0)
            withdraw(farm, host);
        break;
    case 9: (void)keyset_expire(&farm->sets[host], now_ms(farm, host)); break; /* any or none */
    case 10: farm->skew_ms[host] = any_skew(farm); break;
    default:
        farm->time_ms += rng_below(&farm->rng, farm->policy.rotate_s * 300);
        if (rng_below(&farm->rng, 100) == 0) /* all sleep for a while */
            farm->time_ms += farm->policy.lifetime_s * 1500;
        break;
    }
    note(farm, host);
    note(farm, other);
}

/* R-KEYSET-2 and R-KEYSET-3 for all hosts and all keys that ever were. */
static bool
holds(const struct farm *farm)
{
    for (size_t host = 0; host < HOSTS; host++) {
        uint64_t now_s = now_ms(farm, host) / 1000;
        const struct keyset *set = &farm->sets[host];
        const struct key *sealing = keyset_sealing(set, &farm->policy, host, now_s);

        if (sealing != NULL && (sealing->seal_from > now_s || sealing->seal_until <= now_s ||
                                !keyset_may_open(sealing, now_s)))
            return false;
        for (size_t i = 0; i < farm->count; i++) {
            const struct ever *ever = &farm->ever[i];
            const struct key *key = keyset_find(set, ever->key.name);

            if (key == NULL)
                continue;
            if (!key_same_public(key, &ever->key) || keyset_may_open(key, ever->key.open_until))
                return false;
            if (ever->withdrawn[host] && (key == sealing || keyset_may_open(key, now_s)))
                return false;
        }
    }
    return true;
}

/* True if all hosts hold and choose the same once each has told each. */
static bool
converges(struct farm *farm)
{
    struct dump first, other;

    memset(farm->skew_ms, 0, sizeof farm->skew_ms);
    farm->time_ms += KEY_SKEW_MS; /* no clock was further ahead */
    for (size_t round = 0; round < 2; round++)
        for (size_t host = 0; host < HOSTS * HOSTS; host++)
            if (host / HOSTS != host % HOSTS)
                farm->broken |= keyset_merge(&farm->sets[host / HOSTS], &farm->sets[host % HOSTS],
                                             farm->time_ms, NULL) == KEYSET_REFUSED;
    first = dump_of(&farm->sets[0]);
    for (size_t host = 1; host < HOSTS; host++) {
        const struct key *a, *b;

        other = dump_of(&farm->sets[host]);
        a = keyset_sealing(&farm->sets[0], &farm->policy, 0, farm->time_ms / 1000);
        b = keyset_sealing(&farm->sets[host], &farm->policy, host, farm->time_ms / 1000);
        if (!dump_equal(&first, &other) || (a == NULL) != (b == NULL) ||
            (a != NULL && !key_same(a, b)))
            return false;
    }
    return true;
}

static void
farm_start(struct farm *farm, uint64_t farm_seed)
{
    memset(farm, 0, sizeof *farm);
    farm->rng = farm_seed;
    farm->policy = policy_of(3600, 900, 7200);
    farm->time_ms = NOW_MS;
    for (size_t host = 0; host < HOSTS; host++) {
        keyset_init(&farm->sets[host]);
        farm->skew_ms[host] = any_skew(farm);
    }
}

static void
farm_stop(struct farm *farm)
{
    for (size_t host = 0; host < HOSTS; host++)
        keyset_free(&farm->sets[host]);
}

/* R-KEYSET-2, R-KEYSET-3, R-KEYSET-4 */
static void
test_farms(void **state)
{
    static struct farm farm;

    (void)state;
    for (uint64_t i = 0; i < FARMS; i++) {
        size_t steps = 0;

        farm_start(&farm, seed + i);
        while (steps < STEPS) {
            step(&farm);
            steps++;
            if (!holds(&farm) || farm.broken)
                break;
        }
        if (steps < STEPS)
            fail_msg("farm %llu broke its promises at step %zu", (unsigned long long)i, steps);
        assert_true(farm.count > 10);
        assert_true(converges(&farm));
        assert_false(farm.broken);
        farm_stop(&farm);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_farms),
    };

    seed = rng_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
