/* What comes in: replay, rollback, foreign, future and forged records are refused, each counted by
 * its cause, and memory for what was seen is bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "share/inbox.h"
#include "share_support.h"

#define US 1
#define PEER 7

struct mail {
    struct farm farm, foreign;
    struct inbox inbox;
};

static bool
mail_open(struct mail *mail)
{
    *mail = (struct mail){.inbox = {.farm = NULL}};
    inbox_init(&mail->inbox, &mail->farm, "www", US);
    return farm_of(&mail->farm, 1, NOW_MS) && farm_of(&mail->foreign, 2, NOW_MS);
}

static void
mail_close(struct mail *mail)
{
    inbox_free(&mail->inbox);
    farm_wipe(&mail->farm);
    farm_wipe(&mail->foreign);
}

/* Offer a record with this front, sealed by that farm; take it if it opens. */
static enum record_verdict
offer(struct mail *mail, const struct farm *farm, const struct record_head *head, uint64_t now_ms)
{
    struct record_head told;
    enum record_verdict verdict;
    SECRET_BUF(sealed);
    SECRET_BUF(content);

    if (!seal_text(&sealed, farm, head, "hello"))
        return RECORD_VERDICTS;
    verdict =
        inbox_open(&mail->inbox, &content, &told, RECORD_KEYS, sealed.bytes, sealed.len, now_ms);
    return verdict != RECORD_OPENED ? verdict : inbox_take(&mail->inbox, &told, now_ms);
}

static enum record_verdict
offer_number(struct mail *mail, uint64_t sequence, uint64_t now_ms)
{
    struct record_head head = head_of(PEER, RECORD_KEYS, sequence);

    return offer(mail, &mail->farm, &head, now_ms);
}

/* R-RECORD-5: per sender and kind; sequences may have gaps. */
static void
test_replay_and_rollback(void **state)
{
    struct record_head other = head_of(PEER + 1, RECORD_KEYS, NOW_MS - 50);
    struct mail mail;

    (void)state;
    assert_true(mail_open(&mail));
    assert_int_equal(offer_number(&mail, NOW_MS - 10, NOW_MS), RECORD_OPENED);
    assert_int_equal(offer_number(&mail, NOW_MS - 10, NOW_MS), RECORD_KNOWN);
    assert_int_equal(offer_number(&mail, NOW_MS - 11, NOW_MS), RECORD_ROLLED_BACK);
    assert_int_equal(offer_number(&mail, NOW_MS, NOW_MS), RECORD_OPENED);
    assert_int_equal(offer_number(&mail, NOW_MS - 5, NOW_MS), RECORD_ROLLED_BACK);
    assert_int_equal(offer(&mail, &mail.farm, &other, NOW_MS), RECORD_OPENED);
    assert_int_equal(inbox_last(&mail.inbox, PEER, RECORD_KEYS, NOW_MS), NOW_MS);
    assert_int_equal(inbox_last(&mail.inbox, PEER, RECORD_STATUS, NOW_MS), 0);
    assert_int_equal(mail.inbox.counts[RECORD_OPENED], 3);
    assert_int_equal(mail.inbox.counts[RECORD_KNOWN], 1);
    assert_int_equal(mail.inbox.counts[RECORD_ROLLED_BACK], 2);
    mail_close(&mail);
}

static enum record_verdict
offer_by(struct mail *mail, size_t engine, uint64_t sequence)
{
    mail->inbox.engine = engine;
    return offer_number(mail, sequence, NOW_MS);
}

/* R-RECORD-5: what the slower of two engines brings late is known; what is older than what it had
 * brought itself is rolled back. */
static void
test_two_engines(void **state)
{
    enum { FAST, SLOW };
    struct mail mail;

    (void)state;
    assert_true(mail_open(&mail));
    for (uint64_t i = 100; i > 2; i -= 2) { /* the slow one is always one behind */
        assert_int_equal(offer_by(&mail, FAST, NOW_MS - i), RECORD_OPENED);
        assert_int_equal(offer_by(&mail, SLOW, NOW_MS - i - 1), RECORD_KNOWN);
    }
    assert_int_equal(offer_by(&mail, SLOW, NOW_MS - 5), RECORD_KNOWN); /* once more */
    assert_int_equal(mail.inbox.counts[RECORD_ROLLED_BACK], 0);
    assert_int_equal(offer_by(&mail, SLOW, NOW_MS - 6), RECORD_ROLLED_BACK);
    assert_int_equal(offer_by(&mail, FAST, NOW_MS - 5), RECORD_ROLLED_BACK);
    assert_int_equal(offer_by(&mail, SLOW, NOW_MS), RECORD_OPENED);
    assert_int_equal(offer_by(&mail, FAST, NOW_MS - 1), RECORD_KNOWN);
    assert_int_equal(offer_by(&mail, SLOW, NOW_MS - 1), RECORD_ROLLED_BACK);
    assert_int_equal(mail.inbox.counts[RECORD_ROLLED_BACK], 3);
    mail_close(&mail);
}

/* What was lost here may be taken once more: the last record of others, none before it. */
static void
test_again(void **state)
{
    struct record_head ours = head_of(US, RECORD_KEYS, NOW_MS - 10);
    struct mail mail;

    (void)state;
    assert_true(mail_open(&mail));
    assert_int_equal(offer_number(&mail, NOW_MS - 10, NOW_MS), RECORD_OPENED);
    assert_int_equal(offer(&mail, &mail.farm, &ours, NOW_MS), RECORD_OPENED);
    inbox_let_again(&mail.inbox);
    assert_int_equal(offer_number(&mail, NOW_MS - 11, NOW_MS), RECORD_KNOWN);
    assert_int_equal(offer(&mail, &mail.farm, &ours, NOW_MS), RECORD_KNOWN);
    assert_int_equal(offer_number(&mail, NOW_MS - 10, NOW_MS), RECORD_OPENED);
    assert_int_equal(offer_number(&mail, NOW_MS - 10, NOW_MS), RECORD_KNOWN);
    mail_close(&mail);
}

/* What was opened but not taken opens again. */
static void
test_not_taken(void **state)
{
    struct record_head head = head_of(PEER, RECORD_KEYS, NOW_MS), told;
    struct mail mail;
    SECRET_BUF(sealed);

    (void)state;
    assert_true(mail_open(&mail));
    assert_true(seal_text(&sealed, &mail.farm, &head, "hello"));
    for (int i = 0; i < 2; i++) {
        SECRET_BUF(content);

        assert_int_equal(
            inbox_open(&mail.inbox, &content, &told, RECORD_KEYS, sealed.bytes, sealed.len, NOW_MS),
            RECORD_OPENED);
    }
    assert_int_equal(mail.farm.peer_day, 0);
    inbox_refuse(&mail.inbox, RECORD_CONTENT);
    assert_int_equal(mail.inbox.counts[RECORD_CONTENT], 1);
    assert_int_equal(mail.inbox.counts[RECORD_OPENED], 0);
    mail_close(&mail);
}

/* R-RECORD-5: to the millisecond. */
static void
test_ahead(void **state)
{
    struct mail mail;

    (void)state;
    assert_true(mail_open(&mail));
    assert_int_equal(offer_number(&mail, NOW_MS + KEY_SKEW_MS + 1, NOW_MS), RECORD_AHEAD);
    assert_int_equal(offer_number(&mail, NOW_MS + KEY_SKEW_MS, NOW_MS), RECORD_OPENED);
    assert_int_equal(mail.inbox.counts[RECORD_AHEAD], 1);
    mail_close(&mail);
}

/* R-RECORD-5: what came when it was ahead stays refused when time has caught up; not if it came
 * after that, nor if our clock was behind when it came. */
static void
test_early(void **state)
{
    const uint64_t later_ms = 3600000, sequence = NOW_MS + 2 * KEY_SKEW_MS;

    (void)state;
    for (uint64_t behind_ms = 0; behind_ms <= 2 * KEY_SKEW_MS; behind_ms += KEY_SKEW_MS) {
        bool is_ours = behind_ms >= KEY_SKEW_MS;
        struct mail mail;

        assert_true(mail_open(&mail));
        assert_int_equal(offer_number(&mail, sequence, NOW_MS), RECORD_AHEAD);
        assert_int_equal(offer_number(&mail, sequence, NOW_MS + KEY_SKEW_MS - 1), RECORD_AHEAD);
        mail.inbox.offset_ms += behind_ms;
        assert_int_equal(offer_number(&mail, sequence, NOW_MS + later_ms),
                         is_ours ? RECORD_OPENED : RECORD_AHEAD);
        assert_int_equal(offer_number(&mail, NOW_MS, NOW_MS + later_ms),
                         is_ours ? RECORD_ROLLED_BACK : RECORD_OPENED);
        assert_int_equal(offer_number(&mail, sequence + 1, NOW_MS + later_ms), RECORD_OPENED);
        mail_close(&mail);
    }
}

/* R-RECORD-7: of what came too early the last ones are known. */
static void
test_many_early(void **state)
{
    struct mail mail;

    (void)state;
    assert_true(mail_open(&mail));
    for (uint64_t i = 0; i <= INBOX_EARLY_MAX; i++)
        assert_int_equal(offer_number(&mail, NOW_MS + 2 * KEY_SKEW_MS + i, NOW_MS), RECORD_AHEAD);
    for (uint64_t i = INBOX_EARLY_MAX; i > 0; i--)
        assert_int_equal(
            offer_number(&mail, NOW_MS + 2 * KEY_SKEW_MS + i, NOW_MS + 3 * KEY_SKEW_MS),
            RECORD_AHEAD);
    assert_int_equal(offer_number(&mail, NOW_MS + 2 * KEY_SKEW_MS, NOW_MS + 3 * KEY_SKEW_MS),
                     RECORD_OPENED);
    mail_close(&mail);
}

/* R-RECORD-6: other farms, keysets, kinds; damage. */
static void
test_causes(void **state)
{
    struct record_head head = head_of(PEER, RECORD_KEYS, NOW_MS), status = head, other = head, told;
    struct mail mail;
    SECRET_BUF(sealed);
    SECRET_BUF(content);

    (void)state;
    assert_true(mail_open(&mail));
    status.kind = RECORD_STATUS;
    other.keyset[0] = 'x';
    assert_int_equal(offer(&mail, &mail.foreign, &head, NOW_MS), RECORD_FARM);
    assert_int_equal(offer(&mail, &mail.farm, &other, NOW_MS), RECORD_KEYSET);
    assert_int_equal(offer(&mail, &mail.farm, &status, NOW_MS), RECORD_KIND);
    assert_true(seal_text(&sealed, &mail.farm, &head, "hello"));
    sealed.bytes[sealed.len - 1] ^= 1;
    assert_int_equal(
        inbox_open(&mail.inbox, &content, &told, RECORD_KEYS, sealed.bytes, sealed.len, NOW_MS),
        RECORD_FORGED);
    assert_int_equal(inbox_open(&mail.inbox, &content, &told, RECORD_KEYS, sealed.bytes, 3, NOW_MS),
                     RECORD_MALFORMED);
    for (int i = 0; i < RECORD_VERDICTS; i++)
        assert_int_equal(mail.inbox.counts[i], i == RECORD_FARM || i == RECORD_KEYSET ||
                                                   i == RECORD_KIND || i == RECORD_FORGED ||
                                                   i == RECORD_MALFORMED);
    mail_close(&mail);
}

/* R-RECORD-4: a forged record changes nothing: no sequence, and no day of the farm. */
static void
test_forged_changes_nothing(void **state)
{
    struct record_head head = head_of(PEER, RECORD_KEYS, NOW_MS), told;
    struct mail mail;
    SECRET_BUF(sealed);
    SECRET_BUF(content);

    (void)state;
    assert_true(mail_open(&mail));
    assert_true(seal_text(&sealed, &mail.farm, &head, "hello"));
    sealed.bytes[37]++; /* a later sequence */
    assert_int_equal(
        inbox_open(&mail.inbox, &content, &told, RECORD_KEYS, sealed.bytes, sealed.len, NOW_MS),
        RECORD_FORGED);
    assert_int_equal(mail.inbox.seen_count, 0);
    assert_int_equal(mail.farm.peer_day, 0);
    mail_close(&mail);
}

/* A peer's record of the day lets older days go; our own, read back, does not. */
static void
test_peer_and_own(void **state)
{
    struct record_head own = head_of(US, RECORD_KEYS, NOW_MS);
    struct mail mail;

    (void)state;
    assert_true(mail_open(&mail));
    assert_int_equal(offer(&mail, &mail.farm, &own, NOW_MS), RECORD_OPENED);
    assert_int_equal(mail.farm.peer_day, 0);
    assert_int_equal(record_sequence(inbox_last(&mail.inbox, US, RECORD_KEYS, NOW_MS), NOW_MS),
                     NOW_MS + 1);
    assert_int_equal(offer_number(&mail, NOW_MS, NOW_MS), RECORD_OPENED);
    assert_int_equal(mail.farm.peer_day, NOW_MS / DAY_MS);
    mail_close(&mail);
}

/* Two hosts whose clocks both went mad do not shut each other out for ever. */
static void
test_clocks_mad_and_well_again(void **state)
{
    uint64_t mad = NOW_MS + 400 * DAY_MS;
    struct mail mail;

    (void)state;
    assert_true(mail_open(&mail));
    assert_int_equal(offer_number(&mail, mad, mad), RECORD_OPENED);
    assert_int_equal(inbox_last(&mail.inbox, PEER, RECORD_KEYS, mad), mad);
    assert_int_equal(inbox_last(&mail.inbox, PEER, RECORD_KEYS, NOW_MS), 0);
    assert_int_equal(offer_number(&mail, NOW_MS, NOW_MS), RECORD_OPENED);
    assert_int_equal(offer_number(&mail, NOW_MS, NOW_MS), RECORD_KNOWN);
    mail_close(&mail);
}

/* R-RECORD-7: what is of a day that is over makes room. */
static void
test_bounded(void **state)
{
    uint64_t later = NOW_MS + 5 * DAY_MS;
    struct record_head head = head_of(0, RECORD_KEYS, NOW_MS);
    bool changed;
    struct mail mail;

    (void)state;
    assert_true(mail_open(&mail));
    for (head.sender = 1; head.sender <= INBOX_SENDERS_MAX; head.sender++)
        assert_int_equal(inbox_take(&mail.inbox, &head, NOW_MS), RECORD_OPENED);
    assert_int_equal(inbox_take(&mail.inbox, &head, NOW_MS), RECORD_FULL);
    head.sender = 5;
    assert_int_equal(inbox_take(&mail.inbox, &head, NOW_MS), RECORD_OPENED); /* it has its place */
    head.sequence = later;
    assert_int_equal(inbox_take(&mail.inbox, &head, later), RECORD_OPENED);
    assert_true(farm_advance(&mail.farm, &changed, 2, later, NULL));
    head.sender = INBOX_SENDERS_MAX + 1;
    assert_int_equal(inbox_take(&mail.inbox, &head, later), RECORD_OPENED);
    assert_int_equal(mail.inbox.seen_count, 2);
    assert_int_equal(inbox_last(&mail.inbox, 5, RECORD_KEYS, later), later);
    mail_close(&mail);
}

/* A name that is too long is none: nothing is let in by half of it. */
static void
test_name_too_long(void **state)
{
    char name[RECORD_KEYSET_MAX + 2];
    struct inbox inbox;
    FARM(farm);

    (void)state;
    memset(name, 'k', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    inbox_init(&inbox, &farm, name, US);
    assert_string_equal(inbox.keyset, "");
    inbox_free(&inbox);
    inbox_init(&inbox, &farm, name + 1, US);
    assert_string_equal(inbox.keyset, name + 1);
    inbox_free(&inbox);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replay_and_rollback),
        cmocka_unit_test(test_two_engines),
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_not_taken),
        cmocka_unit_test(test_ahead),
        cmocka_unit_test(test_early),
        cmocka_unit_test(test_many_early),
        cmocka_unit_test(test_causes),
        cmocka_unit_test(test_forged_changes_nothing),
        cmocka_unit_test(test_peer_and_own),
        cmocka_unit_test(test_clocks_mad_and_well_again),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_name_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
