/* Whichever allocation, system call or call of libcrypto fails: a farm, a request or a host's id is
 * saved whole or the old one stays, is read whole or not at all, and never taken for none that is
 * there; an order that says it is done is done, and one that fails can be given again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/farm_orders.h"
#include "fault.h"
#include "ring_support.h"
#include "share_support.h"

struct work {
    struct scratch scratch;
    struct farm_paths paths;
    struct farm farms[2];
    struct join join;
    uint64_t host;
    struct farm_answered answered[2];
    bool done, is_warned;
};

static const char *
begin(void *arg)
{
    struct work *work = arg;

    work->done = false;
    return farm_file_save(&work->paths, &work->farms[0], NULL) ? NULL : "no farm";
}

/* Which of the two is there? -1: none. */
static int
which(const struct work *work)
{
    struct err warning;
    FARM(back);

    if (farm_file_load(&back, &warning, &work->paths, NULL) != FARM_FILE_LOADED)
        return -1;
    return memcmp(back.id, work->farms[1].id, sizeof back.id) == 0;
}

static const char *
save(void *arg)
{
    struct work *work = arg;
    struct err err = {""};

    work->done = farm_file_save(&work->paths, &work->farms[1], &err);
    return work->done || err.text[0] != '\0' ? NULL : "no reason";
}

static const char *
is_whole(void *arg)
{
    const struct work *work = arg;
    int found = which(work);

    if (found < 0)
        return "no farm is left";
    return found == 1 || !work->done ? NULL : "said to be saved, and is not";
}

static const char *
load(void *arg)
{
    struct work *work = arg;
    struct err err = {""}, warning;
    FARM(back);

    switch (farm_file_load(&back, &warning, &work->paths, &err)) {
    case FARM_FILE_LOADED: return back.first.number > 0 ? NULL : "half a farm";
    case FARM_FILE_NONE: return "taken for none";
    case FARM_FILE_BAD:
    default: break;
    }
    if (strstr(err.text, "damaged") != NULL)
        return "called damaged";
    return back.first.number == 0 && err.text[0] != '\0' ? NULL : "half a farm, or no reason";
}

static const char *
begin_host(void *arg)
{
    struct work *work = arg;
    struct err warning;

    work->done = farm_file_host(&work->host, &warning, &work->paths, NULL);
    return work->done && warning.text[0] == '\0' ? NULL : "no id";
}

static const char *
host(void *arg)
{
    struct work *work = arg;
    struct err warning;
    uint64_t id = 0;

    work->done = farm_file_host(&id, &warning, &work->paths, NULL);
    if (!work->done)
        return id == 0 ? NULL : "half an id";
    return id != 0 && (warning.text[0] != '\0' || id == work->host) ? NULL : "another id, not said";
}

/* The one that was there is there. */
static const char *
host_again(void *arg)
{
    const struct work *work = arg;
    struct err warning;
    uint64_t id = 0;

    return farm_file_host(&id, &warning, &work->paths, NULL) && id == work->host ? NULL
                                                                                 : "another id";
}

static const char *
drop_host(void *arg)
{
    struct work *work = arg;

    (void)unlink(work->paths.host); /* if it is there */
    work->host = 0;
    return NULL;
}

static const char *
make_host(void *arg)
{
    struct work *work = arg;
    struct err warning;

    work->done = farm_file_host(&work->host, &warning, &work->paths, NULL);
    if (work->done && warning.text[0] != '\0')
        work->host = 0; /* not kept */
    return NULL;
}

static const char *
host_is_kept(void *arg)
{
    const struct work *work = arg;

    return work->host == 0 ? NULL : host_again(arg);
}

static const char *
keep_join(void *arg)
{
    struct work *work = arg;
    JOIN(back);

    work->done = farm_file_save_join(&work->paths, &work->join, NULL);
    if (farm_file_load_join(&back, &work->paths, NOW_S, NULL) != FARM_FILE_LOADED)
        return back.is_open ? "half a request" : NULL;
    return memcmp(back.private_key.bytes, work->join.private_key.bytes, SECRET_LEN) == 0
               ? NULL
               : "another request";
}

static const char *
join_is_kept(void *arg)
{
    const struct work *work = arg;
    JOIN(back);

    if (work->done && farm_file_load_join(&back, &work->paths, NOW_S, NULL) != FARM_FILE_LOADED)
        return "said to be saved, and is not";
    return farm_file_drop_join(&work->paths, NULL) ? NULL : "not dropped";
}

/* ---- orders ---- */

/* The two hosts have different folders. */
static bool
desk_of(struct work *work, struct farm_desk *desk, int which)
{
    char path[96];

    desk->keyset = "www";
    desk->farm = NULL;
    desk->answered = &work->answered[which];
    (void)snprintf(path, sizeof path, "%s/%d/www.farm", work->scratch.folder, which);
    return farm_paths_set(&desk->paths, "www", path, NULL);
}

static const char *
begin_orders(void *arg)
{
    struct work *work = arg;
    struct farm_desk desk;
    char path[64];

    work->done = false;
    for (int i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%d", work->scratch.folder, i);
        (void)mkdir(path, 0700); /* once */
        if (!desk_of(work, &desk, i))
            return "no paths";
        (void)unlink(desk.paths.farm); /* if it is there */
    }
    return NULL;
}

/* A host begins a farm, another one joins, the first rekeys. */
static const char *
order(void *arg)
{
    struct work *work = arg;
    struct farm_desk a, b;
    struct join_request request;
    struct err err = {""}, warning;
    char name[FARM_NAME_LEN];
    SECRET_BUF(line);
    SECRET_BUF(answer);

    if (!desk_of(work, &a, 0) || !desk_of(work, &b, 1))
        return "no paths";
    work->done = farm_init(&a, name, NOW_MS, &err) == SERVICE_DONE &&
                 farm_ask(&b, &line, &request, 7, NOW_MS, &err) == SERVICE_DONE &&
                 farm_invite(&a, &answer, &request, (const char *)line.bytes, line.len, NOW_MS,
                             &err) == SERVICE_DONE &&
                 farm_take(&b, name, &warning, (const char *)answer.bytes, answer.len, NOW_MS,
                           &err) == SERVICE_DONE;
    work->is_warned = work->done && warning.text[0] != '\0';
    if (!work->done && answer.bytes != NULL && /* taken again, without faults */
        (fault_disarm(), farm_take(&b, name, &warning, (const char *)answer.bytes, answer.len,
                                   NOW_MS, &err)) != SERVICE_DONE)
        return "the answer is used up";
    return work->done || err.text[0] != '\0' ? NULL : "no reason";
}

/* What was said to be done is; else it can be, now. */
static const char *
order_again(void *arg)
{
    struct work *work = arg;
    struct farm_desk a, b;
    struct err warning;
    FARM(x);
    FARM(y);

    if (!work->done) {
        (void)begin_orders(arg); /* can only be well */
        (void)order(arg);        /* `done` tells */
    }
    if (!work->done || !desk_of(work, &a, 0) || !desk_of(work, &b, 1))
        return "not to be done any more";
    if (farm_file_load(&x, &warning, &a.paths, NULL) != FARM_FILE_LOADED ||
        farm_file_load(&y, &warning, &b.paths, NULL) != FARM_FILE_LOADED ||
        memcmp(x.id, y.id, sizeof x.id) != 0)
        return "two farms";
    return access(b.paths.join, F_OK) == 0 && !work->is_warned ? "the request is still there"
                                                               : NULL;
}

static const char *
nothing(void *arg)
{
    (void)arg;
    return NULL;
}

static bool
prepare(struct work *work)
{
    char path[64];
    SECRET(fresh);
    SECRET_BUF(line);
    uint64_t rng = 5;

    rng_fill(&rng, fresh.bytes, sizeof fresh.bytes);
    (void)snprintf(path, sizeof path, "%s/www.farm", work->scratch.folder);
    return farm_of(&work->farms[0], 1, NOW_MS) && farm_of(&work->farms[1], 2, NOW_MS) &&
           farm_paths_set(&work->paths, "www", path, NULL) &&
           join_ask(&work->join, &line, &fresh, 7, "host", "www", NOW_S, NULL);
}

static void
test_each_failure(void **state)
{
    static const struct fault_case cases[] = {
        {begin, save, is_whole, NULL},         {begin, load, nothing, NULL},
        {begin_host, host, host_again, NULL},  {drop_host, make_host, host_is_kept, NULL},
        {NULL, keep_join, join_is_kept, NULL}, {begin_orders, order, order_again, NULL},
    };
    static struct work work;

    (void)state;
    assert_true(scratch_open(&work.scratch) && prepare(&work));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t calls;

        if (fault_each(&cases[i], &work, &calls) != 0)
            fail_msg("case %zu", i);
        assert_true(calls >= 3);
    }
    scratch_close(&work.scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
