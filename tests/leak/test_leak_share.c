/* Stepping a farm, sealing and opening records, writing and reading its file, and joining leave no
 * copy of the farm's secrets, of a record's content or of the private keys on stack or heap. (The
 * farm itself is in shared memory here, which is not searched.) That a lost wipe is seen was tried:
 * without the one in crypt_derive() or in farm_secret() it fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/mman.h>

#include "needle.h"
#include "share/datagram.h"
#include "share/inbox.h"
#include "share/join.h"
#include "share_support.h"

#define NEEDLES 6
#define LATER_MS (NOW_MS + 5 * DAY_MS)

/* Where secrets may be. */
struct kept {
    struct farm farm, back;
    struct secret fresh[2];
    uint8_t content[SECRET_LEN], text[512];
};

struct work {
    struct kept *kept; /* shared memory */
    struct needle needles[NEEDLES];
    uint64_t seed;
    struct inbox inbox;
    uint8_t copy[SECRET_LEN];
};

/* The farm's first and today's secrets, a content, two private keys, today's after five days. */
static bool
begin(void *arg)
{
    struct work *work = arg;
    struct kept *kept = work->kept;
    uint64_t rng = work->seed + 1;
    SECRET(day);

    if (!farm_of(&kept->farm, work->seed, NOW_MS))
        return false;
    rng_fill(&rng, kept->content, sizeof kept->content);
    for (size_t i = 0; i < 2; i++) {
        rng_fill(&rng, kept->fresh[i].bytes, SECRET_LEN);
        work->needles[i] = needle_of(kept->fresh[i].bytes);
    }
    work->needles[2] = needle_of(kept->content);
    work->needles[3] = needle_of(kept->farm.first.secret.bytes);
    if (!farm_secret(&kept->farm, &day, NOW_MS / DAY_MS))
        return false;
    work->needles[4] = needle_of(day.bytes);
    if (!farm_secret(&kept->farm, &day, LATER_MS / DAY_MS))
        return false;
    work->needles[5] = needle_of(day.bytes);
    inbox_init(&work->inbox, &kept->farm, "www", 1);
    return true;
}

static bool
seal_and_open(void *arg)
{
    struct work *work = arg;
    struct record_head head = head_of(7, RECORD_KEYS, NOW_MS), told;
    uint8_t salt[RECORD_SALT_LEN] = {1};
    bool good;
    SECRET_BUF(sealed);
    SECRET_BUF(content);
    SECRET_BUF(none);

    good = record_seal(&sealed, &work->kept->farm, &head, salt, work->kept->content, SECRET_LEN,
                       NULL) &&
           inbox_open(&work->inbox, &content, &told, RECORD_KEYS, sealed.bytes, sealed.len,
                      NOW_MS) == RECORD_OPENED &&
           needle_in(&work->needles[2], content.bytes, content.len) == NEEDLE_RUNS;
    sealed.bytes[sealed.len - 1] ^= 1; /* in vain */
    return good && inbox_open(&work->inbox, &none, &told, RECORD_KEYS, sealed.bytes, sealed.len,
                              NOW_MS) == RECORD_FORGED;
}

static bool
say_and_hear(void *arg)
{
    struct work *work = arg;
    struct datagram_end seven = {.farm = &work->kept->farm, .keyset = "www", .host = 7};
    struct datagram_end one = {.farm = &work->kept->farm, .keyset = "www", .host = 1};
    uint8_t salt[RECORD_SALT_LEN] = {1}, sealed[DATAGRAM_MAX];
    struct datagram heard;
    size_t len;
    bool good;

    good = datagram_seal(&seven, sealed, &len, salt, (const uint8_t *)"hello", 5, NOW_MS, NULL) &&
           datagram_open(&one, &heard, sealed, len, NOW_MS) == RECORD_OPENED;
    sealed[len - 1] ^= 1; /* in vain */
    return good && datagram_open(&one, &heard, sealed, len, NOW_MS) == RECORD_FORGED;
}

static bool
step(void *arg)
{
    struct work *work = arg;
    struct farm *farm = &work->kept->farm;
    bool changed;

    farm_saw(farm, LATER_MS / DAY_MS);
    return farm_advance(farm, &changed, 2, LATER_MS, NULL) && changed;
}

static bool
write_and_read(void *arg)
{
    struct work *work = arg;
    struct kept *kept = work->kept;
    FARM(none);
    SECRET_BUF(text);

    return farm_encode(&text, &kept->farm, NULL) &&
           farm_decode(&kept->back, (const char *)text.bytes, text.len, NULL) &&
           !farm_decode(&none, (const char *)text.bytes, text.len - 3, NULL);
}

static bool
join_as_host(void *arg)
{
    struct work *work = arg;
    struct kept *kept = work->kept;
    struct join_request request;
    JOIN(join);
    JOIN(asked);
    SECRET_BUF(line);
    SECRET_BUF(answer);
    SECRET_BUF(file);

    return join_ask(&asked, &line, &kept->fresh[0], 7, "host", "www", NOW_S, NULL) &&
           join_read(&request, (const char *)line.bytes, line.len, NOW_S, NULL) &&
           join_answer(&answer, &request, &kept->farm, "www", &kept->fresh[1], NULL) &&
           join_encode(&file, &asked, NULL) &&
           join_decode(&join, (const char *)file.bytes, file.len, NULL) &&
           !join_decode(&asked, (const char *)file.bytes, file.len - 3, NULL) &&
           !join_finish(&join, &kept->back, (const char *)line.bytes, line.len, NOW_S, NULL) &&
           join_finish(&join, &kept->back, (const char *)answer.bytes, answer.len, NOW_S, NULL);
}

static bool
leave(void *arg)
{
    struct work *work = arg;

    memcpy(work->copy, work->kept->content, sizeof work->copy);
    return true;
}

static void
test_nothing_is_left(void **state)
{
    static needle_job_fn *const jobs[] = {seal_and_open, say_and_hear, join_as_host, write_and_read,
                                          step};
    static struct work work;

    (void)state;
    work.seed = rng_seed();
    work.kept =
        mmap(NULL, sizeof *work.kept, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(work.kept != MAP_FAILED);
    assert_true(needle_deep(begin, &work));
    assert_int_equal(needle_of_any(work.needles, NEEDLES), 0);
    assert_true(needle_jobs(jobs, sizeof jobs / sizeof jobs[0], &work, work.needles, NEEDLES));
    assert_true(needle_deep(leave, &work)); /* the search works */
    assert_int_equal(needle_of_any(work.needles, NEEDLES), NEEDLE_RUNS);
    inbox_free(&work.inbox);
    (void)munmap(work.kept, sizeof *work.kept); /* the end */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
