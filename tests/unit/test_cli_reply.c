/* Answers of stekd: good ones are taken as they are; ones that lack anything, or hold what cannot
 * be, are refused with a sentence, and leave nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/reply.h"
#include "reply_support.h"

/* Each reads, frees, and says whether it worked; false also where a failure left anything. */
typedef bool read_fn(const json_t *root, struct err *err);

static bool
read_status(const json_t *root, struct err *err)
{
    REPLY_STATUS(reply);

    return reply_status_read(&reply, root, err) || reply.keysets != NULL;
}

static bool
read_keys(const json_t *root, struct err *err)
{
    REPLY_KEYS(reply);

    return reply_keys_read(&reply, root, err) || reply.keys != NULL;
}

static bool
read_rotate(const json_t *root, struct err *err)
{
    struct reply_rotate reply = {.seals_from = 77};

    return reply_rotate_read(&reply, root, err) || reply.seals_from != 77;
}

static bool
read_revoke(const json_t *root, struct err *err)
{
    REPLY_REVOKE(reply);

    return reply_revoke_read(&reply, root, err) || reply.revoked != NULL;
}

static bool
read_fleet(const json_t *root, struct err *err)
{
    REPLY_FLEET(reply);

    return reply_fleet_read(&reply, root, err) || reply.hosts != NULL || reply.engines != NULL;
}

static const struct {
    const char *text;
    read_fn *read;
} answers[] = {{status_text, read_status},
               {keys_text, read_keys},
               {rotate_text, read_rotate},
               {revoke_text, read_revoke},
               {fleet_text, read_fleet}};
#define ANSWERS (sizeof answers / sizeof answers[0])
static json_t *
load(const char *text)
{
    struct err err;

    return reply_load(text, strlen(text), 200, &err);
}

static void
test_good_status(void **state)
{
    json_t *root = load(status_text);
    struct reply_status reply = {0};
    struct err err = {""};

    (void)state;
    assert_true(reply_status_read(&reply, root, &err));
    assert_string_equal(reply.version, "0.1.0");
    assert_int_equal(reply.now, 1700000100);
    assert_int_equal(reply.count, 1);
    assert_string_equal(reply.keysets[0].sealing.name, A);
    assert_int_equal(reply.keysets[0].sealing.until, 2);
    assert_string_equal(reply.keysets[0].next.name, B);
    assert_int_equal(reply.keysets[0].max_session, 86400);
    assert_int_equal(reply.keysets[0].keys[CONTROL_OPENING], 11);
    assert_int_equal(reply.keysets[0].counters[7], 8);
    assert_int_equal(reply.keysets[0].server_count, 1);
    assert_true(reply.keysets[0].has_farm && reply.keysets[0].is_farm_well);
    assert_string_equal(reply.keysets[0].farm, "2 hosts");
    assert_string_equal(reply.keysets[0].servers[0].program, "nginx");
    assert_int_equal(reply.keysets[0].servers[0].counters[0], 1);
    reply_status_free(&reply);
    json_decref(root);
}

static void
test_good_keys(void **state)
{
    json_t *root = load(keys_text);
    struct reply_keys reply = {0};
    struct err err = {""};

    (void)state;
    assert_true(reply_keys_read(&reply, root, &err));
    assert_string_equal(reply.keyset, "www");
    assert_int_equal(reply.count, 1);
    assert_string_equal(reply.keys[0].name, A);
    assert_int_equal(reply.keys[0].state, CONTROL_SEALING);
    assert_int_equal(reply.keys[0].made_ms, 1500);
    assert_true(reply.keys[0].is_confirmed);
    assert_false(reply.keys[0].is_emergency);
    assert_int_equal(reply.keys[0].opened, 9);
    reply_keys_free(&reply);
    json_decref(root);
}

static void
test_good_orders(void **state)
{
    json_t *rotated = load(rotate_text), *revoked = load(revoke_text);
    struct reply_rotate rotate;
    struct reply_revoke revoke = {0};
    struct err err = {""};

    (void)state;
    assert_true(reply_rotate_read(&rotate, rotated, &err));
    assert_string_equal(rotate.name, A);
    assert_true(reply_revoke_read(&revoke, revoked, &err));
    assert_int_equal(revoke.count, 1);
    assert_string_equal(revoke.revoked[0], A);
    assert_string_equal(revoke.fresh, B);
    assert_string_equal(revoke.sealing, A);
    assert_int_equal(revoke.generation, 13);
    reply_revoke_free(&revoke);
    json_decref(rotated);
    json_decref(revoked);
}

static void
test_good_fleet(void **state)
{
    json_t *root = load(fleet_text);
    struct reply_fleet reply = {0};
    struct err err = {""};

    (void)state;
    assert_true(reply_fleet_read(&reply, root, &err));
    assert_true(reply.has_farm && reply.has_looked);
    assert_string_equal(reply.text, "2 hosts");
    assert_int_equal(reply.looked_ms, 800);
    assert_string_equal(reply.refusals, "");
    assert_int_equal(reply.engine_count, 1);
    assert_int_equal(reply.engines[0].for_s, 7);
    assert_int_equal(reply.count, 1);
    assert_int_equal(reply.hosts[0].state, CONTROL_LATE);
    assert_int_equal(reply.hosts[0].clock_ms, 77);
    assert_true(reply.hosts[0].has_clock && reply.hosts[0].holds);
    assert_string_equal(reply.hosts[0].missing_name, A);
    assert_string_equal(reply.hosts[0].engines, "etcd, peers");
    reply_fleet_free(&reply);
    assert_int_equal(json_object_set_new(json_object_get(root, "farm"), "records",
                                         json_pack("{s:i, s:i, s:i, s:i, s:i}", "opened", 40,
                                                   "full", 0, "known", 9, "forged", 2, "ahead", 1)),
                     0);
    assert_true(reply_fleet_read(&reply, root, &err));
    assert_string_equal(reply.refusals, "2 forged, 1 ahead");
    reply_fleet_free(&reply);
    assert_int_equal(json_object_set_new(root, "farm", json_null()), 0);
    assert_true(reply_fleet_read(&reply, root, &err));
    assert_false(reply.has_farm);
    reply_fleet_free(&reply);
    json_decref(root);
}

static void
test_nothing_there(void **state)
{
    json_t *root = load(status_text);
    json_t *keyset = json_array_get(json_object_get(root, "keysets"), 0);
    struct reply_status reply = {0};
    struct err err = {""};

    (void)state;
    assert_int_equal(json_object_set_new(keyset, "sealing", json_null()), 0);
    assert_int_equal(json_object_set_new(keyset, "next", json_null()), 0);
    assert_int_equal(json_object_set_new(keyset, "farm", json_null()), 0);
    assert_int_equal(json_object_set_new(keyset, "servers", json_array()), 0);
    assert_int_equal(json_object_set_new(keyset, "more", json_true()), 0); /* of a newer stekd */
    assert_true(reply_status_read(&reply, root, &err));
    assert_string_equal(reply.keysets[0].sealing.name, "");
    assert_string_equal(reply.keysets[0].next.name, "");
    assert_int_equal(reply.keysets[0].server_count, 0);
    reply_status_free(&reply);
    json_decref(root);
}

/* ---- what is wrong anywhere is found ---- */

#define MEMBERS_MAX 32U

/* Try the answer with member `name` of `at` being `put`, or missing where that is NULL. True if it
 * was taken although it should not be, or refused without a word. */
static bool
is_taken(json_t *root, read_fn *read, json_t *at, const char *name, json_t *put)
{
    struct err err = {""};
    json_t *kept = json_incref(json_object_get(at, name));
    bool may_fit = (json_is_string(put) && json_is_string(kept)) ||
                   (json_is_boolean(put) && json_is_boolean(kept)) ||
                   (json_is_integer(put) && strcmp(name, "clock_ms") == 0) ||
                   (json_is_object(put) && strcmp(name, "records") == 0);
    bool taken;

    if (put != NULL)
        (void)json_object_set(at, name, put);
    else
        (void)json_object_del(at, name);
    taken = read(root, &err) ? !may_fit : err.text[0] == '\0';
    (void)json_object_set_new(at, name, kept);
    return taken;
}

/* Do that with each member, however deep; count what was taken. */
static unsigned
spoil(json_t *root, read_fn *read, json_t *at, json_t *put)
{
    const char *names[MEMBERS_MAX], *key;
    unsigned count = 0, taken = 0;
    json_t *value;
    size_t i;

    json_array_foreach(at, i, value) taken += spoil(root, read, value, put);
    json_object_foreach(at, key, value)
    {
        if (count < MEMBERS_MAX)
            names[count++] = key;
    }
    for (i = 0; i < count; i++) {
        char *name = strdup(names[i]); /* the object's own goes with the member */

        taken += spoil(root, read, json_object_get(at, name), put);
        taken += name == NULL || is_taken(root, read, at, name, put);
        free(name);
    }
    return taken;
}

static void
test_missing_members(void **state)
{
    (void)state;
    for (size_t i = 0; i < ANSWERS; i++) {
        json_t *root = load(answers[i].text);
        struct err err = {""};

        assert_true(answers[i].read(root, &err));
        assert_int_equal(spoil(root, answers[i].read, root, NULL), 0);
        assert_true(answers[i].read(root, &err)); /* all is as it was */
        json_decref(root);
    }
}

static void
test_wrong_types(void **state)
{
    static const char *const wrong[] = {"-1", "1.5", "\"x\"", "true", "[[]]", "{}", "\"\\u001b\""};

    (void)state;
    for (size_t i = 0; i < ANSWERS; i++) {
        for (size_t j = 0; j < sizeof wrong / sizeof wrong[0]; j++) {
            json_t *root = load(answers[i].text);
            json_t *put = json_loads(wrong[j], JSON_DECODE_ANY, NULL);

            assert_non_null(put);
            assert_int_equal(spoil(root, answers[i].read, root, put), 0);
            json_decref(put);
            json_decref(root);
        }
    }
}

/* True if the answer with a part of it replaced is refused. */
static bool
refused(size_t which, const char *from, const char *to)
{
    struct err err = {""};
    const char *text = answers[which].text;
    const char *at = strstr(text, from);
    char changed[4096];
    json_t *root;
    bool ok;

    if (at == NULL)
        return false;
    (void)snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, to,
                   at + strlen(from));
    root = reply_load(changed, strlen(changed), 200, &err);
    ok = root == NULL || !answers[which].read(root, &err);
    json_decref(root);
    return ok && err.text[0] != '\0';
}

static void
test_values_that_cannot_be(void **state)
{
    (void)state;
    assert_true(refused(1, "\"now\":9", "\"now\":253402300800"));
    assert_true(refused(1, "\"now\":9", "\"now\":9223372036854775808"));
    assert_true(refused(1, "\"now\":9", "\"now\":9,\"now\":9"));
    assert_true(refused(1, "\"made_ms\":1500", "\"made_ms\":9223372036854775807"));
    assert_true(refused(1, "\"sealing\"", "\"ceiling\""));
    assert_true(refused(1, A, "0123"));
    assert_true(refused(1, A, A "00"));
    assert_true(refused(1, A, "0123456789ABCDEF0123456789abcdef"));
    assert_true(refused(2, A, "0123456789abcdef0123456789abcde\\u0000"));
    assert_true(refused(3, "[\"" A "\"]", "[\"" A "\",7]"));
    assert_true(refused(3, "[\"" A "\"]", "{\"0\":\"" A "\"}"));
}

static void
test_texts_are_clean(void **state)
{
    json_t *root = load(status_text);
    json_t *keyset = json_array_get(json_object_get(root, "keysets"), 0);
    json_t *server = json_array_get(json_object_get(keyset, "servers"), 0);
    struct reply_status reply = {0};
    struct err err = {""};

    (void)state;
    assert_int_equal(json_object_set_new(server, "program", json_string("\033]0;x\a")), 0);
    assert_true(reply_status_read(&reply, root, &err));
    assert_string_equal(reply.keysets[0].servers[0].program, "?]0;x?");
    reply_status_free(&reply);
    json_decref(root);
}

/* ---- what is no answer at all ---- */

static void
test_errors_of_stekd(void **state)
{
    static const char text[] = "{\"error\":\"no keyset \\\"x\\\"\\u001b[2J: there are a, b\"}";
    struct err err = {""};

    (void)state;
    assert_null(reply_load(text, strlen(text), 404, &err));
    assert_string_equal(err.text, "no keyset \"x\"?[2J: there are a, b");
    assert_null(reply_load("oh", 2, 500, &err));
    assert_string_equal(err.text, "stekd refused with HTTP status 500 and no reason");
    assert_null(reply_load("{\"error\":7}", 11, 400, &err));
    assert_string_equal(err.text, "stekd refused with HTTP status 400 and no reason");
}

static void
test_no_object(void **state)
{
    static const char *const texts[] = {"", "[]", "7", "null", "{", "{}x", "{\"a\":}", "\xff\xfe"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct err err = {""};

        assert_null(reply_load(texts[i], strlen(texts[i]), 200, &err));
        assert_non_null(strstr(err.text, "not a JSON object"));
    }
}

static void
test_deep(void **state)
{
    static char deep[200000];
    struct err err = {""};

    (void)state;
    memset(deep, '[', sizeof deep);
    assert_null(reply_load(deep, sizeof deep, 200, &err));
    assert_non_null(strstr(err.text, "not a JSON object"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_status),     cmocka_unit_test(test_good_keys),
        cmocka_unit_test(test_good_orders),     cmocka_unit_test(test_good_fleet),
        cmocka_unit_test(test_nothing_there),   cmocka_unit_test(test_missing_members),
        cmocka_unit_test(test_wrong_types),     cmocka_unit_test(test_values_that_cannot_be),
        cmocka_unit_test(test_texts_are_clean), cmocka_unit_test(test_errors_of_stekd),
        cmocka_unit_test(test_no_object),       cmocka_unit_test(test_deep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
