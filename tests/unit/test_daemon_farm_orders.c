/* What the operator orders about a farm: two hosts come to the same secret by a request and an
 * answer, each used once; what cannot be done says why, and leaves all files as they were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/farm_orders.h"
#include "ring_support.h"
#include "share/line.h"
#include "share_support.h"

struct host {
    struct scratch scratch;
    struct farm_desk desk;
    struct farm_answered answered;
    char farm[FARM_NAME_LEN];
};

struct hosts {
    struct host a, b;
    struct secret_buf request, answer;
    struct join_request asked, read;
    struct err err, warning;
};

static bool
host_open(struct host *host)
{
    char path[64];

    *host = (struct host){.farm = ""};
    host->desk.keyset = "www";
    host->desk.answered = &host->answered;
    if (!scratch_open(&host->scratch))
        return false;
    (void)snprintf(path, sizeof path, "%s/www.farm", host->scratch.folder);
    return farm_paths_set(&host->desk.paths, "www", path, NULL);
}

static int
setup(void **state)
{
    static struct hosts hosts;

    *state = &hosts;
    hosts = (struct hosts){.err = {""}};
    return host_open(&hosts.a) && host_open(&hosts.b) ? 0 : 1;
}

static int
teardown(void **state)
{
    struct hosts *hosts = *state;

    scratch_close(&hosts->a.scratch);
    scratch_close(&hosts->b.scratch);
    secret_buf_free(&hosts->request);
    secret_buf_free(&hosts->answer);
    return 0;
}

static enum service_outcome
init(struct hosts *hosts, struct host *host)
{
    return farm_init(&host->desk, host->farm, NOW_MS, &hosts->err);
}

/* Host B asks. */
static enum service_outcome
ask(struct hosts *hosts, uint64_t now_ms)
{
    secret_buf_free(&hosts->request);
    return farm_ask(&hosts->b.desk, &hosts->request, &hosts->asked, 7, now_ms, &hosts->err);
}

/* Host A answers. */
static enum service_outcome
invite(struct hosts *hosts, uint64_t now_ms)
{
    secret_buf_free(&hosts->answer);
    return farm_invite(&hosts->a.desk, &hosts->answer, &hosts->read,
                       (const char *)hosts->request.bytes, hosts->request.len, now_ms, &hosts->err);
}

static enum service_outcome
take(struct hosts *hosts, uint64_t now_ms)
{
    return farm_take(&hosts->b.desk, hosts->b.farm, &hosts->warning,
                     (const char *)hosts->answer.bytes, hosts->answer.len, now_ms, &hosts->err);
}

static bool
says(const struct hosts *hosts, const char *what)
{
    if (strstr(hosts->err.text, what) != NULL)
        return true;
    printf("# %s\n", hosts->err.text);
    return false;
}

/* True if both have the same secrets. */
static bool
is_same(const struct hosts *hosts)
{
    struct err warning;
    FARM(a);
    FARM(b);
    SECRET(x);
    SECRET(y);

    return farm_file_load(&a, &warning, &hosts->a.desk.paths, NULL) == FARM_FILE_LOADED &&
           farm_file_load(&b, &warning, &hosts->b.desk.paths, NULL) == FARM_FILE_LOADED &&
           memcmp(a.id, b.id, sizeof a.id) == 0 && farm_secret(&a, &x, NOW_MS / DAY_MS) &&
           farm_secret(&b, &y, NOW_MS / DAY_MS) && secret_equal(&x, &y, sizeof x);
}

/* R-FARMORDER-4, R-JOIN-1 */
static void
test_join(void **state)
{
    struct hosts *hosts = *state;

    assert_int_equal(init(hosts, &hosts->a), SERVICE_DONE);
    assert_int_equal(strspn(hosts->a.farm, "0123456789abcdef"), FARM_NAME_LEN - 1);
    assert_int_equal(ask(hosts, NOW_MS), SERVICE_DONE);
    assert_int_equal(access(hosts->b.desk.paths.join, F_OK), 0);
    assert_int_equal(invite(hosts, NOW_MS), SERVICE_DONE);
    assert_int_equal(hosts->read.host, 7);
    assert_int_equal(take(hosts, NOW_MS), SERVICE_DONE);
    assert_string_equal(hosts->warning.text, "");
    assert_string_equal(hosts->a.farm, hosts->b.farm);
    assert_true(is_same(hosts));
    assert_int_equal(access(hosts->b.desk.paths.join, F_OK), -1);
    assert_int_equal(take(hosts, NOW_MS), SERVICE_NOT_NOW); /* once */
    assert_true(says(hosts, "no request waits"));
    assert_true(is_same(hosts));
}

/* R-FARMORDER-1 */
static void
test_init_once(void **state)
{
    struct hosts *hosts = *state;
    struct err warning;
    char name[FARM_NAME_LEN] = "same", before[FARM_NAME_LEN];
    FARM(farm);

    assert_int_equal(init(hosts, &hosts->a), SERVICE_DONE);
    memcpy(before, hosts->a.farm, sizeof before);
    assert_int_equal(farm_init(&hosts->a.desk, name, NOW_MS, &hosts->err), SERVICE_NOT_NOW);
    assert_true(says(hosts, "farm rekey") && says(hosts, before));
    assert_string_equal(name, "same");
    assert_int_equal(farm_file_load(&farm, &warning, &hosts->a.desk.paths, NULL), FARM_FILE_LOADED);
    assert_string_equal(farm_name(name, farm.id), before);
    /* what may be a farm is not overwritten */
    assert_true(file_make(hosts->b.desk.paths.farm, "stek-farm1:", 11, 0600));
    assert_int_equal(init(hosts, &hosts->b), SERVICE_NOT_NOW);
    assert_true(says(hosts, hosts->b.desk.paths.farm));
}

/* No farm yet: each order that needs one says what to do. */
static void
test_no_farm(void **state)
{
    struct hosts *hosts = *state;

    assert_int_equal(ask(hosts, NOW_MS), SERVICE_DONE);
    assert_int_equal(invite(hosts, NOW_MS), SERVICE_NOT_NOW);
    assert_true(says(hosts, "farm init") && says(hosts, "farm join"));
    assert_int_equal(farm_rekey(&hosts->a.desk, hosts->a.farm, NOW_MS, &hosts->err),
                     SERVICE_NOT_NOW);
    assert_true(says(hosts, "farm init"));
    assert_int_equal(access(hosts->a.desk.paths.farm, F_OK), -1);
}

/* R-FARMORDER-3 */
static void
test_request_once(void **state)
{
    struct hosts *hosts = *state;
    const uint64_t over_ms = NOW_MS + (uint64_t)JOIN_LIFE_S * 1000;
    SECRET_BUF(first);

    assert_int_equal(init(hosts, &hosts->a), SERVICE_DONE);
    assert_int_equal(ask(hosts, NOW_MS), SERVICE_DONE);
    assert_int_equal(invite(hosts, NOW_MS), SERVICE_DONE);
    assert_int_equal(invite(hosts, NOW_MS), SERVICE_NOT_NOW);
    assert_true(says(hosts, "has been answered"));
    assert_null(hosts->answer.bytes);
    first = hosts->request;
    for (size_t i = 1; i < FARM_ANSWERED_MAX; i++) { /* others do not push it out ... */
        if (i == 1)
            hosts->request = (struct secret_buf){0};
        assert_int_equal(ask(hosts, NOW_MS + 1000), SERVICE_DONE);
        assert_int_equal(invite(hosts, NOW_MS + 1000), SERVICE_DONE);
    }
    secret_buf_free(&hosts->request);
    hosts->request = first;
    first = (struct secret_buf){0};
    assert_int_equal(invite(hosts, NOW_MS + 2000), SERVICE_NOT_NOW);
    assert_true(says(hosts, "has been answered"));
    assert_int_equal(invite(hosts, over_ms), SERVICE_NOT_NOW); /* ... as long as it lasts */
    assert_true(says(hosts, "expired"));
    assert_int_equal(ask(hosts, NOW_MS), SERVICE_DONE);
    hosts->a.desk.keyset = "mail";
    assert_int_equal(invite(hosts, NOW_MS), SERVICE_NOT_NOW);
    assert_true(says(hosts, "for keyset \"www\""));
    hosts->a.desk.keyset = "www";
    hosts->request.bytes[40] ^= 1;
    assert_int_equal(invite(hosts, NOW_MS), SERVICE_NOT_NOW);
    assert_true(says(hosts, "damaged"));
    hosts->request.bytes[40] ^= 1;
    assert_int_equal(invite(hosts, NOW_MS), SERVICE_DONE); /* nothing of that counts */
}

/* R-FARMORDER-2, R-FARMORDER-4: what is no answer to the request leaves it waiting. */
static void
test_wrong_answers(void **state)
{
    struct hosts *hosts = *state;
    SECRET_BUF(earlier);

    assert_int_equal(take(hosts, NOW_MS), SERVICE_NOT_NOW);
    assert_true(says(hosts, "farm join makes one"));
    assert_int_equal(init(hosts, &hosts->a), SERVICE_DONE);
    assert_int_equal(ask(hosts, NOW_MS), SERVICE_DONE);
    assert_int_equal(invite(hosts, NOW_MS), SERVICE_DONE);
    earlier = hosts->answer;
    hosts->answer = (struct secret_buf){0};
    assert_int_equal(ask(hosts, NOW_MS), SERVICE_DONE); /* in the place of the first request */
    assert_int_equal(invite(hosts, NOW_MS), SERVICE_DONE);
    assert_int_equal(farm_take(&hosts->b.desk, hosts->b.farm, &hosts->warning,
                               (const char *)earlier.bytes, earlier.len, NOW_MS, &hosts->err),
                     SERVICE_NOT_NOW);
    assert_true(says(hosts, "another request"));
    hosts->answer.bytes[50] ^= 1;
    assert_int_equal(take(hosts, NOW_MS), SERVICE_NOT_NOW);
    assert_true(says(hosts, "damaged"));
    hosts->answer.bytes[50] ^= 1;
    assert_int_equal(access(hosts->b.desk.paths.farm, F_OK), -1);
    assert_int_equal(take(hosts, NOW_MS), SERVICE_DONE);
    assert_true(is_same(hosts));
}

/* R-FARMORDER-4 */
static void
test_expired(void **state)
{
    struct hosts *hosts = *state;

    assert_int_equal(init(hosts, &hosts->a), SERVICE_DONE);
    assert_int_equal(ask(hosts, NOW_MS), SERVICE_DONE);
    assert_int_equal(invite(hosts, NOW_MS), SERVICE_DONE);
    assert_int_equal(take(hosts, NOW_MS + (uint64_t)JOIN_LIFE_S * 1000), SERVICE_NOT_NOW);
    assert_true(says(hosts, "its hour is over"));
    assert_int_equal(access(hosts->b.desk.paths.join, F_OK), -1);
    assert_int_equal(access(hosts->b.desk.paths.farm, F_OK), -1);
}

/* R-FARMORDER-4: where the farm cannot be saved, the answer is not used up. */
static void
test_not_saved(void **state)
{
    struct hosts *hosts = *state;

    assert_int_equal(init(hosts, &hosts->a), SERVICE_DONE);
    assert_int_equal(ask(hosts, NOW_MS), SERVICE_DONE);
    assert_int_equal(invite(hosts, NOW_MS), SERVICE_DONE);
    assert_int_equal(mkdir(hosts->b.desk.paths.farm, 0700), 0); /* nothing can take its place */
    assert_int_equal(take(hosts, NOW_MS), SERVICE_FAILED);
    assert_true(says(hosts, "not saved"));
    assert_int_equal(rmdir(hosts->b.desk.paths.farm), 0);
    assert_int_equal(take(hosts, NOW_MS), SERVICE_DONE);
    assert_true(is_same(hosts));
}

/* A guest gets what the host has now, not what its file still has: no day that is over there. */
static void
test_as_it_is(void **state)
{
    struct hosts *hosts = *state;
    bool changed = false;
    struct err warning;
    FARM(now);
    FARM(got);

    assert_int_equal(init(hosts, &hosts->a), SERVICE_DONE);
    assert_int_equal(farm_file_load(&now, &warning, &hosts->a.desk.paths, NULL), FARM_FILE_LOADED);
    farm_saw(&now, NOW_MS / DAY_MS + 9);
    assert_true(farm_advance(&now, &changed, 2, NOW_MS + 9 * DAY_MS, NULL) && changed);
    hosts->a.desk.farm = &now;
    assert_int_equal(ask(hosts, NOW_MS), SERVICE_DONE);
    assert_int_equal(invite(hosts, NOW_MS), SERVICE_DONE);
    assert_int_equal(take(hosts, NOW_MS), SERVICE_DONE);
    assert_int_equal(farm_file_load(&got, &warning, &hosts->b.desk.paths, NULL), FARM_FILE_LOADED);
    assert_int_equal(got.first.number, NOW_MS / DAY_MS + 7);
    assert_int_equal(unlink(hosts->a.desk.paths.farm), 0); /* lost, but in use */
    assert_int_equal(init(hosts, &hosts->a), SERVICE_NOT_NOW);
    assert_int_equal(access(hosts->a.desk.paths.farm, F_OK), -1);
}

/* R-FARMORDER-5 */
static void
test_rekey(void **state)
{
    struct hosts *hosts = *state;
    char before[FARM_NAME_LEN];

    test_join(state);
    memcpy(before, hosts->a.farm, sizeof before);
    assert_int_equal(farm_rekey(&hosts->a.desk, hosts->a.farm, NOW_MS, &hosts->err), SERVICE_DONE);
    assert_string_not_equal(before, hosts->a.farm);
    assert_false(is_same(hosts));
    assert_int_equal(ask(hosts, NOW_MS), SERVICE_DONE); /* the others join anew */
    assert_int_equal(invite(hosts, NOW_MS), SERVICE_DONE);
    assert_int_equal(take(hosts, NOW_MS), SERVICE_DONE);
    assert_string_equal(hosts->b.farm, hosts->a.farm);
    assert_true(is_same(hosts));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_join),         CASE(test_init_once),     CASE(test_no_farm),
        CASE(test_request_once), CASE(test_wrong_answers), CASE(test_expired),
        CASE(test_not_saved),    CASE(test_as_it_is),      CASE(test_rekey),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
