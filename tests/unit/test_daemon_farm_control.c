/* Requests about a farm to two stekds at work: docs/control.md says how each is answered. One lets
 * the other in; what cannot be done gets its status and the sentence that says what to do; and no
 * secret is in an answer or in the log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "control_support.h"

struct pair {
    char folder[32];
    struct daemon a, b;
};

static bool
open_one(struct daemon *daemon, const char *folder, const char *host)
{
    char config[512], place[64];

    (void)snprintf(place, sizeof place, "%s/%s", folder, host);
    (void)snprintf(
        config, sizeof config,
        "keyset \"www\" { share \"directory\" { path = \"%s\" } farm = \"%s/www.farm\" }\n"
        "keyset \"own\" { }\n",
        folder, place);
    return mkdir(place, 0700) == 0 && start(daemon, config);
}

static int
setup_pair(void **state)
{
    static struct pair pair;

    *state = &pair;
    pair = (struct pair){.folder = "/tmp/stek-pair-XXXXXX"};
    return mkdtemp(pair.folder) != NULL && open_one(&pair.a, pair.folder, "a") &&
                   open_one(&pair.b, pair.folder, "b")
               ? 0
               : 1;
}

static int
teardown_pair(void **state)
{
    struct pair *pair = *state;
    void *a = &pair->a, *b = &pair->b;
    char command[64];
    int failed = teardown(&a);

    failed |= teardown(&b);
    (void)snprintf(command, sizeof command, "rm -rf %s", pair->folder);
    return system(command) != 0 || failed;
}

/* An order with a line, as "request" or "answer"; its status. */
static int
order(const struct daemon *daemon, json_t **root, const char *path, const char *member,
      const char *line)
{
    json_t *body = json_pack("{s:s}", "keyset", "www");
    char *text;
    int status;

    if (member != NULL)
        (void)json_object_set_new(body, member, json_string(line)); /* else it is refused */
    text = json_dumps(body, 0);
    json_decref(body);
    status = ask(daemon, root, "POST", path, text == NULL ? "" : text);
    free(text);
    return status;
}

static const char *
text_of(const json_t *root, const char *member)
{
    const char *text = json_string_value(json_object_get(root, member));

    return text != NULL ? text : "";
}

/* The id of the daemon's farm; "" if it is in none. */
static void
farm_of_daemon(const struct daemon *daemon, char id[17])
{
    json_t *root;

    id[0] = '\0';
    if (ask(daemon, &root, "GET", "/v1/farm?keyset=www", "") == 200)
        (void)snprintf(id, 17, "%s", text_of(json_object_get(root, "farm"), "id"));
    json_decref(root);
}

static bool
is_refused(int status, int wanted, json_t *const *root, const char *why)
{
    const char *error = text_of(*root, "error");
    bool ok = status == wanted && strstr(error, why) != NULL;

    if (!ok)
        printf("# %d: %s\n", status, error);
    json_decref(*root);
    return ok;
}

static void
test_join(void **state)
{
    struct pair *pair = *state;
    json_t *root, *request, *answer, *kept;
    char a[17], b[17], line[512];

    assert_int_equal(ask(&pair->a, &root, "GET", "/v1/farm?keyset=www", ""), 200);
    assert_int_equal(json_object_size(root), 6);
    assert_true(json_is_null(json_object_get(root, "farm")));
    assert_true(json_is_null(json_object_get(root, "request")));
    assert_true(json_is_true(json_object_get(root, "shared")));
    json_decref(root);

    assert_int_equal(order(&pair->a, &root, "/v1/farm/init", NULL, NULL), 200);
    assert_int_equal(json_object_size(root), 3);
    farm_of_daemon(&pair->a, a);
    assert_int_equal(strlen(a), 16);
    assert_string_equal(text_of(root, "farm"), a);
    json_decref(root);

    assert_int_equal(order(&pair->b, &request, "/v1/farm/join", NULL, NULL), 200);
    assert_int_equal(json_object_size(request), 5);
    assert_true(json_is_null(json_object_get(request, "leaves")));
    assert_int_equal(ask(&pair->b, &root, "GET", "/v1/farm?keyset=www", ""), 200);
    kept = json_object_get(root, "request");
    assert_string_equal(text_of(kept, "line"), text_of(request, "request"));
    assert_string_equal(text_of(kept, "fingerprint"), text_of(request, "fingerprint"));
    json_decref(root);

    assert_int_equal(
        order(&pair->a, &answer, "/v1/farm/invite", "request", text_of(request, "request")), 200);
    assert_int_equal(json_object_size(answer), 6);
    assert_string_equal(text_of(answer, "fingerprint"), text_of(request, "fingerprint"));
    assert_int_equal(strlen(text_of(answer, "host")), 16);
    json_decref(request);
    (void)snprintf(line, sizeof line, "# as it was mailed\n  %.60s\r\n  %s\n",
                   text_of(answer, "answer"), text_of(answer, "answer") + 60);
    json_decref(answer);
    assert_int_equal(order(&pair->b, &root, "/v1/farm/join", "answer", line), 200);
    json_decref(root);
    farm_of_daemon(&pair->b, b);
    assert_string_equal(a, b);
    assert_int_equal(ask(&pair->b, &root, "GET", "/v1/farm?keyset=www", ""), 200);
    assert_true(json_is_null(json_object_get(root, "request")));
    json_decref(root);
    assert_true(is_refused(order(&pair->b, &root, "/v1/farm/join", "answer", line), 409, &root,
                           "no request"));

    assert_int_equal(count_logged(&pair->a, " event=farm-begun keyset=www farm="), 1);
    assert_int_equal(count_logged(&pair->b, " event=farm-asked keyset=www fingerprint="), 1);
    assert_int_equal(count_logged(&pair->a, " event=farm-answered keyset=www fingerprint="), 1);
    assert_int_equal(count_logged(&pair->b, " event=farm-joined keyset=www farm="), 1);
    assert_int_equal(count_logged(&pair->b, " event=order action=farm-join keyset=www "), 3);
}

static void
test_rekey(void **state)
{
    struct pair *pair = *state;
    json_t *root;
    char before[17], after[17], other[17];

    farm_of_daemon(&pair->a, before);
    assert_true(
        is_refused(order(&pair->a, &root, "/v1/farm/init", NULL, NULL), 409, &root, "farm rekey"));
    assert_int_equal(order(&pair->a, &root, "/v1/farm/rekey", NULL, NULL), 200);
    json_decref(root);
    farm_of_daemon(&pair->a, after);
    farm_of_daemon(&pair->b, other);
    assert_string_not_equal(before, after);
    assert_string_equal(before, other);
    assert_int_equal(count_logged(&pair->a, " event=farm-rekeyed keyset=www farm="), 1);
    assert_int_equal(order(&pair->b, &root, "/v1/farm/join", NULL, NULL), 200);
    assert_string_equal(text_of(root, "leaves"), before);
    json_decref(root);
}

static const struct {
    const char *method, *path, *body;
    int status;
    const char *error; /* part of it */
} wrong[] = {
    {"GET", "/v1/farm", "", 400, "there are 2 keysets"},
    {"GET", "/v1/farm?x=1", "", 400, "the query is keyset=NAME"},
    {"POST", "/v1/farm", "{}", 405, "takes GET only"},
    {"GET", "/v1/farm/init", "", 405, "takes POST only"},
    {"POST", "/v1/farm/init", "{\"keyset\": \"own\"}", 409, "add a section share"},
    {"POST", "/v1/farm/init", "{\"keyset\": \"none\"}", 404, "no keyset none"},
    {"POST", "/v1/farm/init", "{\"keyset\": \"www\", \"request\": \"x\"}", 400,
     "unknown member \"request\": there is keyset"},
    {"POST", "/v1/farm/invite", "{\"keyset\": \"www\"}", 400, "farm join prints is missing"},
    {"POST", "/v1/farm/invite", "{\"keyset\": \"www\", \"request\": 1}", 400, "request: a string"},
    {"POST", "/v1/farm/invite", "{\"keyset\": \"www\", \"request\": \"\"}", 400,
     "request: a string"},
    {"POST", "/v1/farm/invite", "{\"keyset\": \"www\", \"answer\": \"x\"}", 400,
     "there are keyset, request"},
    {"POST", "/v1/farm/invite", "{\"keyset\": \"www\", \"request\": \"hello\"}", 409,
     "does not begin with \"stek-request1:\""},
    {"POST", "/v1/farm/join", "{\"keyset\": \"www\", \"answer\": \"stek-request1:AAAA\"}", 409,
     "no request waits"},
};

static void
test_wrong(void **state)
{
    struct pair *pair = *state;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        json_t *root;
        int status = ask(&pair->a, &root, wrong[i].method, wrong[i].path, wrong[i].body);

        assert_true(is_refused(status, wrong[i].status, &root, wrong[i].error));
    }
}

/* R-FARMORDER-6: whatever it logged: the farm's line, or a part of it, is in none. */
static void
test_no_secret_told(void **state)
{
    struct pair *pair = *state;
    char path[64], line[512] = "";
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/a/www.farm", pair->folder);
    file = fopen(path, "r");
    assert_non_null(file);
    while (strncmp(line, "stek-farm1:", 11) != 0)
        assert_non_null(fgets(line, sizeof line, file));
    (void)fclose(file);
    for (size_t at = 39; at + 12 < strlen(line); at += 4) { /* behind the id, which is public */
        char part[13];

        (void)snprintf(part, sizeof part, "%.12s", line + at);
        assert_int_equal(count_logged(&pair->a, part), 0);
        assert_int_equal(count_logged(&pair->b, part), 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_rekey),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_no_secret_told),
    };

    return cmocka_run_group_tests(tests, setup_pair, teardown_pair);
}
