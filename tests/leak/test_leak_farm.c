/* What a host keeps of its farm on disk is written and read, and a farm is begun, joined and
 * rekeyed, with no copy of the farm's secret, of its line, or of the private key of a request left
 * behind on stack or heap. (The farm itself is in shared memory here, which is not searched.) That
 * a lost wipe is seen was tried: without the one of what is read or written it fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/mman.h>

#include "daemon/farm_orders.h"
#include "needle.h"
#include "ring_support.h"
#include "share_support.h"

#define NEEDLES 3
#define SECRET_AT 28 /* from here on digits of the farm's line are of its secret */

/* Where secrets may be. */
struct kept {
    struct farm farm, back;
    struct secret fresh;
    struct join join;
};

struct work {
    struct kept *kept; /* shared memory */
    struct needle needles[NEEDLES];
    struct scratch scratch;
    struct farm_paths paths;
    struct farm_answered answered;
    uint64_t seed;
    struct secret_buf line;
    struct join_request request;
    uint8_t copy[SECRET_LEN];
};

static bool
begin(void *arg)
{
    struct work *work = arg;
    struct kept *kept = work->kept;
    uint64_t rng = work->seed + 1;
    char path[64];
    const char *line;
    SECRET_BUF(text);

    (void)snprintf(path, sizeof path, "%s/www.farm", work->scratch.folder);
    rng_fill(&rng, kept->fresh.bytes, SECRET_LEN);
    if (!farm_of(&kept->farm, work->seed, NOW_MS) ||
        !farm_paths_set(&work->paths, "www", path, NULL))
        return false;
    work->needles[0] = needle_of(kept->farm.first.secret.bytes);
    work->needles[1] = needle_of(kept->fresh.bytes);
    if (!farm_encode(&text, &kept->farm, NULL))
        return false;
    line = strstr((const char *)text.bytes, "\n" FARM_WORD ":");
    if (line == NULL)
        return false;
    work->needles[2] = needle_of((const uint8_t *)line + sizeof FARM_WORD + 1 + SECRET_AT);
    return true;
}

static bool
farm(void *arg)
{
    struct work *work = arg;
    struct err warning;
    FARM(none);

    return farm_file_save(&work->paths, &work->kept->farm, NULL) &&
           farm_file_load(&work->kept->back, &warning, &work->paths, NULL) == FARM_FILE_LOADED &&
           truncate(work->paths.farm, 200) == 0 && /* its line is cut */
           farm_file_load(&none, &warning, &work->paths, NULL) == FARM_FILE_BAD;
}

static bool
join(void *arg)
{
    struct work *work = arg;
    struct kept *kept = work->kept;
    JOIN(none);
    SECRET_BUF(line);

    return join_ask(&kept->join, &line, &kept->fresh, 7, "host", "www", NOW_S, NULL) &&
           farm_file_save_join(&work->paths, &kept->join, NULL) &&
           farm_file_load_join(&kept->join, &work->paths, NOW_S, NULL) == FARM_FILE_LOADED &&
           farm_file_load_join(&none, &work->paths, NOW_S + JOIN_LIFE_S, NULL) == FARM_FILE_NONE;
}

static bool
leave(void *arg)
{
    struct work *work = arg;

    memcpy(work->copy, work->kept->fresh.bytes, sizeof work->copy);
    return true;
}

/* ---- orders ---- */

static struct farm_desk
desk_of(struct work *work)
{
    return (struct farm_desk){work->paths, "www", NULL, &work->answered};
}

/* What is in the file of the farm becomes needles. */
static bool
note_farm(void *arg)
{
    struct work *work = arg;
    struct err warning;
    const char *line;
    SECRET_BUF(text);

    if (farm_file_load(&work->kept->farm, &warning, &work->paths, NULL) != FARM_FILE_LOADED ||
        !farm_encode(&text, &work->kept->farm, NULL))
        return false;
    line = strstr((const char *)text.bytes, "\n" FARM_WORD ":");
    if (line == NULL)
        return false;
    work->needles[0] = needle_of(work->kept->farm.first.secret.bytes);
    work->needles[2] = needle_of((const uint8_t *)line + sizeof FARM_WORD + 1 + SECRET_AT);
    return true;
}

static bool
note_join(void *arg)
{
    struct work *work = arg;

    if (farm_file_load_join(&work->kept->join, &work->paths, NOW_S, NULL) != FARM_FILE_LOADED)
        return false;
    work->needles[1] = needle_of(work->kept->join.private_key.bytes);
    return true;
}

static bool
order_init(void *arg)
{
    struct work *work = arg;
    const struct farm_desk desk = desk_of(work);
    char name[FARM_NAME_LEN];

    (void)unlink(work->paths.farm); /* of the test before */
    if (farm_init(&desk, name, NOW_MS, NULL) != SERVICE_DONE)
        return false;
    return farm_init(&desk, name, NOW_MS, NULL) == SERVICE_NOT_NOW; /* there is one */
}

static bool
order_ask(void *arg)
{
    struct work *work = arg;
    const struct farm_desk desk = desk_of(work);

    secret_buf_free(&work->line);
    return farm_ask(&desk, &work->line, &work->request, 7, NOW_MS, NULL) == SERVICE_DONE;
}

/* The host answers itself. */
static bool
order_join(void *arg)
{
    struct work *work = arg;
    const struct farm_desk desk = desk_of(work);
    char name[FARM_NAME_LEN];
    struct err warning;
    SECRET_BUF(answer);

    return farm_invite(&desk, &answer, &work->request, (const char *)work->line.bytes,
                       work->line.len, NOW_MS, NULL) == SERVICE_DONE &&
           farm_take(&desk, name, &warning, (const char *)work->line.bytes, work->line.len, NOW_MS,
                     NULL) == SERVICE_NOT_NOW &&
           farm_take(&desk, name, &warning, (const char *)answer.bytes, answer.len, NOW_MS, NULL) ==
               SERVICE_DONE;
}

static bool
order_rekey(void *arg)
{
    struct work *work = arg;
    const struct farm_desk desk = desk_of(work);
    char name[FARM_NAME_LEN];

    return farm_rekey(&desk, name, NOW_MS, NULL) == SERVICE_DONE;
}

static bool
open_work(struct work *work)
{
    work->seed = rng_seed();
    work->kept =
        mmap(NULL, sizeof *work->kept, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return work->kept != MAP_FAILED && scratch_open(&work->scratch);
}

static void
close_work(struct work *work)
{
    secret_buf_free(&work->line);
    scratch_close(&work->scratch);
    (void)munmap(work->kept, sizeof *work->kept); /* the end */
}

static void
test_orders(void **state)
{
    static needle_job_fn *const jobs[] = {order_init, note_farm, order_ask,   note_join,
                                          order_join, note_farm, order_rekey, note_farm};
    static struct work work;

    (void)state;
    assert_true(open_work(&work));
    assert_true(needle_deep(begin, &work));
    assert_true(needle_jobs(jobs, sizeof jobs / sizeof jobs[0], &work, work.needles, NEEDLES));
    close_work(&work);
}

static void
test_nothing_is_left(void **state)
{
    static needle_job_fn *const jobs[] = {farm, join};
    static struct work work;

    (void)state;
    assert_true(open_work(&work));
    assert_true(needle_deep(begin, &work));
    assert_int_equal(needle_of_any(work.needles, NEEDLES), 0);
    assert_true(needle_jobs(jobs, sizeof jobs / sizeof jobs[0], &work, work.needles, NEEDLES));
    assert_true(needle_deep(leave, &work)); /* the search works */
    assert_int_equal(needle_of_any(work.needles, NEEDLES), NEEDLE_RUNS);
    close_work(&work);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_left),
        cmocka_unit_test(test_orders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
