/* Whichever call fails while stekd starts, answers, carries out orders, reads another configuration
 * and stops, an allocation, or a call for files, timers or sockets, alone or with all that follow:
 * no crash, no weak key, no descriptor left open; keys that were there open, or are revoked if
 * stekd said so; a reload is carried out or leaves all as it was; and the next start takes up every
 * key that there is. The address sanitizer's build sees leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <grp.h>
#include <jansson.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/secret.h"
#include "daemon/control_server.h"
#include "daemon/stekd.h"
#include "fault.h"
#include "persist_support.h"

#define KEYS_MAX 32U
#define REVOKE_ALL "{\"keyset\":\"www\",\"all\":true}"

struct life {
    char folder[40], config[64], run[64], ring_path[80];
    struct log log;
    struct stek_ring *ring; /* of a server, that has it all the time */
    uint8_t before[KEY_NAME_LEN];
    bool revoked; /* stekd said so */
    bool reloaded;
};

static void
drop_line(void *arg, bool is_warning, const char *line)
{
    (void)arg, (void)is_warning, (void)line;
}

/* A port of this host that was free a moment ago; where it no longer is, stekd only warns. */
static unsigned
free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *any = (struct sockaddr *)&at;
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool done = fd >= 0 && bind(fd, any, len) == 0 && getsockname(fd, any, &len) == 0;

    if (fd >= 0)
        (void)close(fd); /* was never used */
    return done ? ntohs(at.sin_port) : 0;
}

/* Two configurations, told apart by the last character of their names. */
static bool
put_configs(const struct life *life)
{
    const struct group *group = getgrgid(getegid());
    char path[80];
    FILE *first, *second;
    bool ok;

    (void)snprintf(path, sizeof path, "%.*s2", (int)strlen(life->config) - 1, life->config);
    first = fopen(life->config, "w");
    second = fopen(path, "w");
    ok = group != NULL && first != NULL && second != NULL &&
         fprintf(first,
                 "control { admin = \"%s\" }\nmetrics { listen = \"127.0.0.1:%u\" }\n"
                 "keyset www { persist = \"%s/key\" persist_file = \"%s/first\" }\n"
                 "keyset mail { }\n",
                 group->gr_name, free_port(), life->folder, life->folder) > 0 &&
         fprintf(second,
                 "control { observer = \"%s\" }\nmetrics { listen = \"127.0.0.1:%u\" }\n"
                 "keyset www { rotate = 2h group = \"%s\" persist = \"%s/key\" "
                 "persist_file = \"%s/second\" }\nkeyset new { }\n",
                 group->gr_name, free_port(), group->gr_name, life->folder, life->folder) > 0;
    return first != NULL && second != NULL && fclose(first) == 0 && fclose(second) == 0 && ok;
}

static struct stekd *
begin_stekd(const struct life *life, struct err *err)
{
    const struct stekd_options options = {.config_path = life->config, .run_dir = life->run};
    struct config config = {0};
    struct stekd *stekd = NULL;

    if (config_load(&config, options.config_path, false, err))
        stekd = stekd_start(&options, &config, &life->log, err);
    config_free(&config);
    return stekd;
}

/* NULL, or what is wrong with the keys of the ring as a server sees them. */
static const char *
look_at_ring(const struct life *life, bool must_seal, bool must_open)
{
    uint64_t now = stek_now();
    int renew;
    bool found;
    STEK_KEY(seals);
    STEK_KEY(opens);

    if (stek_ring_sealing_key(life->ring, &seals, now) != STEK_OK) {
        if (must_seal)
            return "no key seals";
    } else if (secret_is_weak(seals.secret, sizeof seals.secret)) {
        return "a weak key seals";
    }
    found = stek_ring_opening_key(life->ring, &opens, &renew, life->before, now) == STEK_OK;
    if (found && secret_is_weak(opens.secret, sizeof opens.secret))
        return "a weak key opens";
    if (found && life->revoked)
        return "a key opens that was revoked";
    return !found && must_open ? "a key is lost" : NULL;
}

/* Without faults: both keysets are there, no other, and a key seals. */
static const char *
begin(void *arg)
{
    struct life *life = arg;
    struct err err = {""};
    char path[96];
    struct stekd *stekd;

    (void)snprintf(path, sizeof path, "%s/new.r1", life->run);
    (void)unlink(path); /* of the round before */
    stekd = begin_stekd(life, &err);
    if (stekd == NULL)
        return "it does not start any more";
    memcpy(life->before, stekd->services[0]->sealing, sizeof life->before);
    stekd_stop(&stekd);
    if (life->ring == NULL && stek_ring_open(&life->ring, life->ring_path) != STEK_OK)
        return "the ring cannot be opened";
    life->revoked = life->reloaded = false;
    return look_at_ring(life, true, true);
}

/* As stekctl asks; the status of the answer. */
static int
ask(struct stekd *stekd, const char *method, const char *path, const char *body)
{
    struct peer peer = {.is_known = true, .uid = geteuid()};
    struct http_request request = {.method = method,
                                   .path = path,
                                   .query = strcmp(path, "/v1/keys") == 0 ? "keyset=www" : "",
                                   .body = body,
                                   .body_len = body == NULL ? 0 : strlen(body),
                                   .peer = &peer,
                                   .host = "",
                                   .accept = ""};
    struct http_answer answer = {0};

    control_answer(stekd, &answer, &request);
    free(answer.body);
    return answer.status;
}

static bool
has_ring(const struct life *life, const char *name)
{
    char path[96];

    (void)snprintf(path, sizeof path, "%s/%s.r1", life->run, name);
    return access(path, F_OK) == 0;
}

/* After a reload that failed: all is as it was, unless the calls to undo it failed as well. */
static const char *
look_at_refused(const struct life *life, const struct stekd *stekd)
{
    const struct config_keyset *www = &stekd->services[0]->config;

    if (stekd->count != 2 || strcmp(www->name, "www") != 0 ||
        strcmp(stekd->services[1]->config.name, "mail") != 0)
        return "keysets are others, after a reload that failed";
    if (www->policy.rotate_s != 3600 || www->group.gid != (gid_t)-1 ||
        strstr(www->persist_file, "first") == NULL)
        return "a keyset is changed, after a reload that failed";
    if (stekd->control.observer.name[0] != '\0')
        return "who may look is changed, after a reload that failed";
    if (!has_ring(life, "mail"))
        return "a ring is gone, after a reload that failed";
    if (has_ring(life, "new") && !fault_is_lasting())
        return "a new ring is left, of a reload that failed";
    return NULL;
}

/* Whether anything of it fails does not matter here; what it claims does. */
static const char *
live(void *arg)
{
    struct life *life = arg;
    struct err err = {""};
    struct stekd *stekd = begin_stekd(life, &err);
    const char *wrong = NULL;

    if (stekd == NULL)
        return err.text[0] == '\0' ? "it does not start and says nothing" : NULL;
    (void)ask(stekd, "POST", "/v1/rotate", "{\"keyset\":\"www\"}"); /* what counts is the ring */
    life->revoked = ask(stekd, "POST", "/v1/revoke", REVOKE_ALL) == 200;
    stekd->config_path[strlen(stekd->config_path) - 1] = '2';
    err.text[0] = '\0';
    life->reloaded = stekd_reload(stekd, &err);
    if (!life->reloaded)
        wrong =
            err.text[0] == '\0' ? "a reload fails and says nothing" : look_at_refused(life, stekd);
    for (size_t i = 0; i < stekd->count; i++)
        stekd_tick(stekd, stekd->services[i]);
    stekd_stop(&stekd);
    return wrong;
}

/* The keys of a ring's file, by name. */
struct names {
    uint8_t names[KEYS_MAX][KEY_NAME_LEN];
    size_t count;
};

static bool
read_names(struct names *names, const char *path)
{
    struct ring_writer writer;
    KEYSET(set);

    names->count = 0;
    if (!ring_writer_open(&writer, path, RING_CAPACITY_DEFAULT, (gid_t)-1, NULL))
        return false;
    if (ring_writer_load(&writer, &set, sys_unix_ms(), NULL)) {
        for (size_t i = 0; i < set.key_count && i < KEYS_MAX; i++)
            memcpy(names->names[names->count++], set.keys[i].name, KEY_NAME_LEN);
    }
    ring_writer_close(&writer);
    return true;
}

/* A revoked key must not be in a saved file either. */
static bool
is_saved(const struct life *life)
{
    struct world saved = {.config = {.name = "www"}};
    KEYSET(set);

    (void)snprintf(saved.config.persist, sizeof saved.config.persist, "%s/key", life->folder);
    (void)snprintf(saved.config.persist_file, sizeof saved.config.persist_file, "%s/first",
                   life->folder);
    return saved_read(&saved, &set, sys_unix_ms()) && keyset_find(&set, life->before) != NULL;
}

static const char *
after(void *arg)
{
    struct life *life = arg;
    const char *wrong = look_at_ring(life, false, !life->revoked);
    struct names names;
    struct stekd *stekd;
    struct err err = {""};
    size_t lost = 0;

    if (wrong != NULL)
        return wrong;
    if (!read_names(&names, life->ring_path) || names.count == 0)
        return "the ring cannot be read any more";
    stekd = begin_stekd(life, &err);
    if (stekd == NULL)
        return "it does not start again";
    for (size_t i = 0; i < names.count; i++)
        lost += keyset_find(&stekd->services[0]->set, names.names[i]) == NULL;
    (void)ask(stekd, "POST", "/v1/revoke", REVOKE_ALL); /* few keys */
    stekd_stop(&stekd);
    if (lost > 0)
        return "a key of the ring is not taken up";
    if (is_saved(life))
        return "a revoked key is in the file";
    return look_at_ring(life, true, false);
}

static bool
life_open(struct life *life)
{
    char key[80];

    *life = (struct life){.folder = "/tmp/stek-life-XXXXXX", .log = {.sink = drop_line}};
    if (mkdtemp(life->folder) == NULL)
        return false;
    (void)snprintf(life->config, sizeof life->config, "%s/stekd.conf.1", life->folder);
    (void)snprintf(life->run, sizeof life->run, "%s/run", life->folder);
    (void)snprintf(life->ring_path, sizeof life->ring_path, "%s/www.r1", life->run);
    (void)snprintf(key, sizeof key, "%s/key", life->folder);
    return put_key(key, 3) && put_configs(life);
}

static void
life_close(struct life *life)
{
    char command[64];

    stek_ring_close(&life->ring);
    (void)snprintf(command, sizeof command, "rm -rf %s", life->folder);
    (void)!system(command);
}

/* R-SERVICE-4, R-PERSIST-3 */
static void
test_life(void **state)
{
    const struct fault_case living = {begin, live, after, NULL};
    static struct life life;
    size_t calls;

    (void)state;
    assert_true(life_open(&life));
    assert_int_equal(fault_each(&living, &life, &calls), 0);
    printf("# %zu calls\n", calls);
    assert_true(calls > 200);
    assert_true(life.revoked && life.reloaded);
    life_close(&life);
}

/* ---- answers ---- */

struct talk {
    struct life life;
    struct stekd *stekd;
    const char *method, *path, *body;
    int status;
};

static const char *
talk(void *arg)
{
    struct talk *talk = arg;

    talk->status = ask(talk->stekd, talk->method, talk->path, talk->body);
    return talk->status == 200 || talk->status == 500 || talk->status == 404 ||
                   (talk->status == 400 && talk->body != NULL) /* not to be read */
               ? NULL
               : "an answer that is neither that nor an apology";
}

static const char *
after_talk(void *arg)
{
    struct talk *talk = arg;
    struct service *service = talk->stekd->services[0];

    service_tick(service, stekd_now(talk->stekd));
    return service->last_error.text[0] == '\0' ? look_at_ring(&talk->life, true, true)
                                               : "not all is well after it";
}

/* With JSON's own allocations. */
static void
test_answers(void **state)
{
    static const struct {
        const char *method, *path, *body;
    } requests[] = {
        {"GET", "/v1/status", NULL},
        {"GET", "/v1/keys", NULL},
        {"GET", "/metrics", NULL},
        {"GET", "/", NULL},
        {"POST", "/v1/revoke",
         "{\"keyset\":\"www\",\"names\":[\"00112233445566778899aabbccddeeff\"]}"},
    };
    static struct talk talking;
    struct err err = {""};
    size_t calls;

    (void)state;
    assert_true(life_open(&talking.life));
    assert_null(begin(&talking.life));
    talking.stekd = begin_stekd(&talking.life, &err);
    assert_non_null(talking.stekd);
    json_set_alloc_funcs(malloc, free); /* so that they fail, too */
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        const struct fault_case one = {NULL, talk, after_talk, NULL};

        talking.method = requests[i].method;
        talking.path = requests[i].path;
        talking.body = requests[i].body;
        assert_int_equal(fault_each(&one, &talking, &calls), 0);
        printf("# %s: %zu calls, %d\n", talking.path, calls, talking.status);
        assert_true(calls > 0);
    }
    stekd_stop(&talking.stekd);
    life_close(&talking.life);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_life), cmocka_unit_test(test_answers)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
