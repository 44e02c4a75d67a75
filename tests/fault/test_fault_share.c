/* Whichever allocation or call of libcrypto fails: farms stay as they were, records are not sealed,
 * or do not open and can be offered again, an answer can be taken again, keys are refused so that
 * they are told again, and nothing comes out half. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fault.h"
#include "share/fleet.h"
#include "share/inbox.h"
#include "share/join.h"
#include "share/merge.h"
#include "share/status.h"
#include "share_support.h"

#define LATER_MS (NOW_MS + 4 * DAY_MS)

struct work {
    struct farm farm, back;
    struct inbox inbox;
    struct secret_buf text, sealed, content;
    struct record_head head;
    struct join join;
    struct keyset set, said;
    struct status status;
    struct fleet fleet;
    bool done;
};

static void
wipe(struct work *work)
{
    secret_buf_free(&work->text);
    secret_buf_free(&work->sealed);
    secret_buf_free(&work->content);
    inbox_free(&work->inbox);
    fleet_free(&work->fleet);
    farm_wipe(&work->farm);
    farm_wipe(&work->back);
    join_wipe(&work->join);
    keyset_free(&work->set);
    keyset_free(&work->said);
    *work = (struct work){.done = false};
}

static const char *
begin(void *arg)
{
    struct work *work = arg;

    wipe(work);
    inbox_init(&work->inbox, &work->farm, "www", 1);
    work->head = head_of(7, RECORD_KEYS, NOW_MS);
    if (!farm_of(&work->farm, 1, NOW_MS))
        return "no farm";
    farm_saw(&work->farm, LATER_MS / DAY_MS);
    return NULL;
}

/* R-FARM-5. */
static const char *
advance(void *arg)
{
    struct work *work = arg;
    struct err err;
    bool changed;
    FARM(before);

    before = work->farm;
    work->done = farm_advance(&work->farm, &changed, 2, LATER_MS, &err);
    if (work->done)
        return changed && work->farm.first.number == LATER_MS / DAY_MS - 2 ? NULL : "not advanced";
    return secret_equal(&before, &work->farm, sizeof before) ? NULL : "the farm was changed";
}

static const char *
write_and_read(void *arg)
{
    struct work *work = arg;
    struct err err = {{0}};

    if (!farm_encode(&work->text, &work->farm, &err))
        return work->text.len == 0 && err.text[0] != '\0' ? NULL : "half a text";
    work->done = farm_decode(&work->back, (const char *)work->text.bytes, work->text.len, &err);
    if (work->done)
        return NULL;
    if (strstr(err.text, "damaged") != NULL)
        return "called damaged";
    return work->back.first.number == 0 ? NULL : "half a farm";
}

static const char *
seal(void *arg)
{
    struct work *work = arg;

    work->done = seal_text(&work->sealed, &work->farm, &work->head, "hello");
    return work->done || work->sealed.bytes == NULL ? NULL : "half a record";
}

static const char *
begin_sealed(void *arg)
{
    const char *wrong = begin(arg);

    return wrong != NULL ? wrong : seal(arg);
}

static const char *
open_and_take(void *arg)
{
    struct work *work = arg;
    enum record_verdict verdict = inbox_open(&work->inbox, &work->content, &work->head, RECORD_KEYS,
                                             work->sealed.bytes, work->sealed.len, NOW_MS);

    if (verdict != RECORD_OPENED) /* libcrypto's last call fails for a wrong seal, too */
        return (verdict == RECORD_FAILED || verdict == RECORD_FORGED) && work->content.bytes == NULL
                   ? NULL
                   : "another cause";
    verdict = inbox_take(&work->inbox, &work->head, NOW_MS);
    work->done = verdict == RECORD_OPENED;
    return work->done || verdict == RECORD_FAILED ? NULL : "another cause of not taking it";
}

/* Where it was not done, it can be, now. */
static const char *
take_now(void *arg)
{
    struct work *work = arg;

    secret_buf_free(&work->content);
    if (!work->done)
        (void)open_and_take(arg); /* `done` tells */
    return work->done ? NULL : "not to be had any more";
}

static const char *
join(void *arg)
{
    struct work *work = arg;
    struct secret fresh = {{1, 9, 200, 34, 5, 77, 250, 8}};
    struct join_request request;
    JOIN(asked);
    SECRET_BUF(file);

    for (size_t i = 8; i < sizeof fresh.bytes; i++)
        fresh.bytes[i] = (uint8_t)(i * i * 5 + i);
    if (!join_ask(&asked, &work->text, &fresh, 7, "host", "www", NOW_S, NULL))
        return asked.is_open ? "half a request" : NULL;
    if (!join_encode(&file, &asked, NULL))
        return file.len == 0 ? NULL : "half a file";
    if (!join_decode(&work->join, (const char *)file.bytes, file.len, NULL))
        return work->join.is_open ? "half a request, read" : NULL;
    if (!join_read(&request, (const char *)work->text.bytes, work->text.len, NOW_S, NULL) ||
        !join_answer(&work->sealed, &request, &work->farm, "www", &fresh, NULL))
        return NULL;
    work->done = join_finish(&work->join, &work->back, (const char *)work->sealed.bytes,
                             work->sealed.len, NOW_S, NULL);
    if (work->done)
        return NULL;
    return work->join.is_open && work->back.first.number == 0 ? NULL : "half a member";
}

/* One key to tell, of ours, and one that is known. */
static const char *
begin_keys(void *arg)
{
    struct work *work = arg;
    struct key ours = key_of(1, 0), known = key_of(2, 0);
    const char *wrong = begin(arg);

    ours.maker = 7;
    return wrong == NULL && keyset_add(&work->said, &ours, NOW_MS, NULL) == KEYSET_CHANGED &&
                   keyset_add(&work->set, &known, NOW_MS, NULL) == KEYSET_CHANGED
               ? NULL
               : "no keys";
}

static const char *
tell(void *arg)
{
    struct work *work = arg;
    struct policy policy = policy_of(3600, 900, 43200);
    bool refused = false;

    work->done = false;
    if (!content_of(&work->text, &work->said, 7, NOW_MS))
        return work->text.len == 0 ? NULL : "half a keyset";
    if (merge_peer(&work->set, &refused, 7, work->text.bytes, work->text.len, NOW_MS, NULL) !=
        KEYSET_CHANGED)
        return refused && work->set.key_count == 1 ? NULL : "not refused, or half of it taken";
    work->done = status_set_keys(&work->status, &work->set, &policy, NOW_S, NULL) &&
                 status_encode(&work->content, &work->status, NULL);
    return work->set.key_count == 2 && !refused ? NULL : "half of it taken";
}

/* R-FLEET-5: 17 hosts, so that the table grows, and one of them again. */
static const char *
see(void *arg)
{
    struct work *work = arg;
    int64_t clock_ms;

    work->done = true;
    for (uint64_t i = 0; i < 18; i++) {
        size_t before = work->fleet.count;
        enum record_verdict verdict =
            fleet_saw(&work->fleet, 1 + i % 17, NOW_MS + i, &work->status, i, NOW_MS + i, 0);

        if (verdict == RECORD_FAILED && work->fleet.count != before)
            return "half a host";
        work->done = work->done && verdict == RECORD_OPENED;
    }
    for (size_t i = 0; i < work->fleet.count; i++)
        if (work->fleet.hosts[i].keys == NULL)
            return "a host without a status";
    work->done = fleet_clock(&work->fleet, &clock_ms) && work->done;
    return NULL;
}

static const char *
nothing(void *arg)
{
    (void)arg;
    return NULL;
}

static void
test_each_failure(void **state)
{
    static const struct fault_case cases[] = {
        {begin, advance, nothing, NULL}, {begin, write_and_read, nothing, NULL},
        {begin, seal, nothing, NULL},    {begin_sealed, open_and_take, take_now, NULL},
        {begin, join, nothing, NULL},    {begin_keys, tell, nothing, NULL},
        {begin, see, nothing, NULL},
    };
    static struct work work;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t calls;

        assert_int_equal(fault_each(&cases[i], &work, &calls), 0);
        assert_true(calls >= 4 && work.done);
    }
    wipe(&work);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
