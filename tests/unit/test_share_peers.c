/* What the peers engine stands on: bodies of datagrams are read within bounds, the store keeps the
 * newest record of each sender and a digest that does not depend on order, parts come together in
 * any order and in bounded memory, and options that cannot work are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keys_support.h"
#include "share/peers_inner.h"

/* ---- bodies ---- */

static struct peers_part
part_of(const uint8_t *bytes, size_t total, size_t at)
{
    size_t left = total - at;

    return (struct peers_part){.kind = RECORD_KEYS,
                               .sender = 7,
                               .sequence = NOW_MS,
                               .total = (uint32_t)total,
                               .at = (uint32_t)at,
                               .bytes = bytes + at,
                               .len = left < PEERS_PART_LEN ? left : PEERS_PART_LEN};
}

static void
test_part(void **state)
{
    static uint8_t bytes[3000];
    uint8_t body[DATAGRAM_BODY_MAX];
    struct peers_part part, back;
    struct peers_summary summary;

    (void)state;
    for (size_t at = 0; at < sizeof bytes; at += PEERS_PART_LEN) {
        size_t len;

        part = part_of(bytes, sizeof bytes, at);
        len = peers_part_write(body, &part);
        assert_int_equal(peers_read(&back, &summary, body, len), PEERS_PART);
        body[0] = PEERS_STATUS; /* which this one is not */
        assert_int_equal(peers_read(&back, &summary, body, len), PEERS_NOTHING);
        part.kind = RECORD_STATUS;
        len = peers_part_write(body, &part);
        assert_int_equal(peers_read(&back, &summary, body, len), PEERS_STATUS);
        assert_true(back.kind == part.kind && back.sender == 7 && back.sequence == NOW_MS);
        assert_true(back.total == sizeof bytes && back.at == at && back.len == part.len);
        assert_memory_equal(back.bytes, bytes + at, part.len);
        for (size_t cut = 0; cut < len; cut++)
            assert_int_equal(peers_read(&back, &summary, body, cut), PEERS_NOTHING);
    }
}

/* R-ENGINE-5: what says something else than it is. */
static void
test_bad_part(void **state)
{
    static uint8_t bytes[3000];
    static const struct peers_part good = {.kind = RECORD_KEYS,
                                           .sender = 7,
                                           .sequence = 1,
                                           .total = 3000,
                                           .at = 1024,
                                           .bytes = bytes,
                                           .len = 1024};
    struct peers_part bad[9], back;
    struct peers_summary summary;
    uint8_t body[DATAGRAM_BODY_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        bad[i] = good;
    bad[0].kind = 0;
    bad[1].kind = PEERS_KINDS;
    bad[2].sender = 0;
    bad[3].sender = UINT64_MAX;
    bad[4].total = RECORD_MAX + 1;
    bad[5].at = 1000;
    bad[6].at = 3072;
    bad[7].len = 1023;
    bad[8].total = 1500;
    assert_int_equal(peers_read(&back, &summary, body, peers_part_write(body, &good)), PEERS_PART);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(peers_read(&back, &summary, body, peers_part_write(body, &bad[i])),
                         PEERS_NOTHING);
}

static void
test_summary(void **state)
{
    struct peers_summary summary = {.wants_statuses = true, .digest = 5, .first = 3, .last = 900};
    struct peers_summary back, bad;
    struct peers_part part;
    uint8_t body[DATAGRAM_BODY_MAX];

    (void)state;
    for (summary.count = 0; summary.count < PEERS_PAIRS_MAX; summary.count++) {
        size_t len = peers_summary_write(body, &summary);

        assert_int_equal(peers_read(&part, &back, body, len), PEERS_SUMMARY);
        assert_true(back.wants_statuses && back.digest == 5 && back.first == 3 && back.last == 900);
        assert_int_equal(back.count, summary.count);
        assert_memory_equal(back.pairs, summary.pairs, summary.count * sizeof summary.pairs[0]);
        assert_int_equal(peers_read(&part, &back, body, len - 1), PEERS_NOTHING);
        summary.pairs[summary.count] = (struct peers_pair){3 + summary.count * 2, NOW_MS};
    }
    bad = summary;
    bad.pairs[5].sender = bad.pairs[4].sender; /* twice */
    assert_int_equal(peers_read(&part, &back, body, peers_summary_write(body, &bad)),
                     PEERS_NOTHING);
    bad = summary;
    bad.first = 4; /* outside */
    assert_int_equal(peers_read(&part, &back, body, peers_summary_write(body, &bad)),
                     PEERS_NOTHING);
    bad = summary;
    bad.last = bad.pairs[bad.count - 1].sender - 1;
    assert_int_equal(peers_read(&part, &back, body, peers_summary_write(body, &bad)),
                     PEERS_NOTHING);
}

/* ---- the store ---- */

static enum peers_taken
take(struct peers_store *store, uint64_t sender, uint64_t sequence, bool is_put)
{
    const struct peers_pair pair = {sender, sequence};
    uint8_t bytes[16] = {0};
    struct writer w = writer_of(bytes, sizeof bytes);

    write_u64(&w, sender);
    write_u64(&w, sequence);
    return peers_store_take(store, &pair, bytes, sizeof bytes, is_put, NOW_MS);
}

/* In random order, each several times: the newest of each stays, and two that took the same in
 * another order have the same digest, one that did not has not. */
static void
test_store(void **state)
{
    enum { SENDERS = 100 };
    uint64_t newest[SENDERS] = {0}, rng = rng_seed(), digest;
    struct peers_store store = {.count = 0}, other = {.count = 0};

    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        uint64_t sender = rng_below(&rng, SENDERS), sequence = 1 + rng_below(&rng, 1000);
        enum peers_taken expected = sequence > newest[sender]    ? PEERS_TAKEN
                                    : sequence == newest[sender] ? PEERS_KNOWN
                                                                 : PEERS_OLDER;

        assert_int_equal(take(&store, sender, sequence, false), expected);
        newest[sender] = sequence > newest[sender] ? sequence : newest[sender];
    }
    for (uint64_t sender = SENDERS; sender > 0; sender--) {
        if (newest[sender - 1] > 0)
            assert_int_equal(take(&other, sender - 1, newest[sender - 1], false), PEERS_TAKEN);
    }
    assert_int_equal(store.count, other.count);
    assert_true(store.digest == other.digest && store.bytes == other.bytes);
    for (size_t i = 0; i < store.count; i++) {
        struct reader r = reader_of(store.items[i].bytes, store.items[i].len);

        assert_true(read_u64(&r) == store.items[i].sender);
        assert_true(read_u64(&r) == newest[store.items[i].sender]);
        assert_true(i == 0 || store.items[i - 1].sender < store.items[i].sender);
    }
    digest = store.digest;
    assert_int_equal(take(&store, 5, 1001, false), PEERS_TAKEN);
    assert_true(store.digest != digest);
    peers_store_drop(&store, 5000);
    assert_true(store.count == 0 && store.bytes == 0 && store.digest == 0);
    peers_store_free(&store);
    peers_store_free(&other);
}

/* What was put is replaced by what is put, though its clock went back; another's word that is newer
 * stands; and what was put is never dropped. */
static void
test_put(void **state)
{
    struct peers_store store = {.count = 0};

    (void)state;
    assert_int_equal(take(&store, 1, 100, true), PEERS_TAKEN);
    assert_int_equal(take(&store, 1, 90, true), PEERS_TAKEN);
    assert_int_equal(take(&store, 1, 90, false), PEERS_KNOWN);
    assert_int_equal(take(&store, 1, 95, false), PEERS_TAKEN);
    assert_int_equal(take(&store, 1, 94, true), PEERS_OLDER);
    assert_int_equal(take(&store, 1, 96, true), PEERS_TAKEN);
    peers_store_due(&store, &store.items[0], 5);
    assert_int_equal(store.due, 1);
    peers_store_drop(&store, 1000);
    assert_true(store.count == 1 && store.due == 1);
    assert_int_equal(take(&store, 1, 97, true), PEERS_TAKEN);
    assert_int_equal(store.due, 0);
    peers_store_free(&store);
}

/* R-ENGINE-5: so many bytes, and no more; those that are there may still be replaced. */
static void
test_full(void **state)
{
    static uint8_t large[RECORD_MAX];
    struct peers_store store = {.count = 0};
    struct peers_pair pair = {1, 1};

    (void)state;
    while (peers_store_take(&store, &pair, large, sizeof large, false, 1) == PEERS_TAKEN)
        pair.sender++;
    assert_true(store.bytes == PEERS_BYTES_MAX && store.count == PEERS_BYTES_MAX / RECORD_MAX);
    assert_int_equal(take(&store, 1, 2, false), PEERS_TAKEN);
    assert_int_equal(take(&store, pair.sender, 1, false), PEERS_TAKEN);
    assert_int_equal(
        peers_store_take(&store, &(struct peers_pair){3, 2}, large, sizeof large, false, 1),
        PEERS_TAKEN);
    peers_store_free(&store);
}

/* ---- parts ---- */

/* In random order, some twice: whole at the last one that was missing, to the byte. */
static void
test_pile(void **state)
{
    static uint8_t bytes[50000];
    uint64_t rng = rng_seed();

    (void)state;
    rng_fill(&rng, bytes, sizeof bytes);
    for (unsigned round = 0; round < 50; round++) {
        size_t total = PEERS_PART_LEN + 1 + rng_below(&rng, sizeof bytes - PEERS_PART_LEN - 1);
        size_t count = (total - 1) / PEERS_PART_LEN + 1, left = count;
        struct peers_piles piles = {.items = NULL};
        bool has[50] = {false};

        while (left > 0) {
            size_t number = rng_below(&rng, count);
            struct peers_part part = part_of(bytes, total, number * PEERS_PART_LEN);
            const uint8_t *whole = peers_pile_add(&piles, &part, round);

            left -= has[number] ? 0 : 1;
            has[number] = true;
            assert_true((whole != NULL) == (left == 0));
            assert_true(whole == NULL || memcmp(whole, bytes, total) == 0);
        }
        peers_pile_free(&piles);
    }
}

/* R-ENGINE-5: of any number that are never whole some are given up, those first that wait longest.
 */
static void
test_pile_bounds(void **state)
{
    static uint8_t bytes[RECORD_MAX];
    struct peers_piles piles = {.items = NULL};
    struct peers_part part;

    (void)state;
    for (uint64_t i = 1; i <= 100; i++) {
        part = part_of(bytes, i % 3 == 0 ? RECORD_MAX : 3000, 0);
        part.sequence = i;
        assert_null(peers_pile_add(&piles, &part, i));
        assert_true(piles.bytes <= PEERS_PILES_BYTES_MAX);
    }
    part = part_of(bytes, 3000, 1024);
    part.sequence = 100;
    assert_null(peers_pile_add(&piles, &part, 101));
    part = part_of(bytes, 3000, 2048);
    part.sequence = 100;
    assert_non_null(peers_pile_add(&piles, &part, 101)); /* the last one waited least */
    part = part_of(bytes, 500, 0);
    assert_true(peers_pile_add(&piles, &part, 102) == bytes); /* small ones wait for nobody */
    peers_pile_free(&piles);
}

/* ---- options ---- */

static void
test_options(void **state)
{
    static const struct {
        struct engine_option options[4];
        const char *says; /* NULL: they are good */
    } cases[] = {
        {{{"peers", "192.0.2.1:7984"}}, NULL},
        {{{"peers", "[2001:db8::1]:7984"}, {"peers", "192.0.2.1:1"}}, NULL},
        {{{"multicast", "239.1.2.3:7984"}}, NULL},
        {{{"multicast", "[ff15::1]:7984"}, {"interface", "eth0"}}, NULL},
        {{{"peers", "[::1]:5"}, {"listen", "0.0.0.0:5"}, {"listen", "[::]:5"}}, NULL},
        {{{"listen", "0.0.0.0:5"}}, "list the other hosts"},
        {{{"peers", "web2:7984"}}, "names are not looked up"},
        {{{"peers", "192.0.2.1"}}, "no address with a port"},
        {{{"peers", "192.0.2.1:0"}}, "no address with a port"},
        {{{"peers", "192.0.2.1:70000"}}, "no address with a port"},
        {{{"peers", "192.0.2.256:5"}}, "no address with a port"},
        {{{"peers", "2001:db8::1:5"}}, "no address with a port"},
        {{{"peers", "[2001:db8::1:5"}}, "no address with a port"},
        {{{"peers", "239.1.2.3:5"}}, "give it as multicast"},
        {{{"multicast", "192.0.2.1:5"}}, "no group of multicast"},
        {{{"multicast", "[ff15::1]:5"}}, "interface"},
        {{{"peers", "192.0.2.1:5"}, {"interface", "eth0"}}, "interface"},
        {{{"peers", "192.0.2.1:5"}, {"listen", "[::]:5"}}, "IPv4"},
        {{{"peers", "[::1]:5"}, {"listen", "192.0.2.1:5"}}, "IPv6"},
        {{{"peers", "192.0.2.1:5"}, {"listen", "0.0.0.0:5"}, {"listen", "0.0.0.0:6"}},
         "one address"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {""};
        size_t count = 0;

        while (count < 4 && cases[i].options[count].name != NULL)
            count++;
        assert_int_equal(engine_peers.check(cases[i].options, count, &err), cases[i].says == NULL);
        assert_true(cases[i].says == NULL || strstr(err.text, cases[i].says) != NULL);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_part),    cmocka_unit_test(test_bad_part),
        cmocka_unit_test(test_summary), cmocka_unit_test(test_store),
        cmocka_unit_test(test_put),     cmocka_unit_test(test_full),
        cmocka_unit_test(test_pile),    cmocka_unit_test(test_pile_bounds),
        cmocka_unit_test(test_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
