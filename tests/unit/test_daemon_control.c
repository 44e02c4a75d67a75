/* Requests to a stekd at work: those of docs/control.md are answered so; those that ask for what
 * cannot be get the status and the sentence that says why, and change nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control_support.h"

static bool
has(const json_t *object, const char *member, json_type type)
{
    const json_t *value = json_object_get(object, member);

    return value != NULL && json_typeof(value) == type;
}

static void
test_status(void **state)
{
    static const char *const numbers[] = {"generation", "capacity", "rotations", "revocations",
                                          "errors"};
    static const char *const objects[] = {"policy", "sealing", "next", "keys", "counters"};
    json_t *root, *keyset;

    assert_int_equal(ask(*state, &root, "GET", "/v1/status", ""), 200);
    assert_true(has(root, "version", JSON_STRING) && has(root, "config", JSON_STRING));
    assert_true(has(root, "pid", JSON_INTEGER) && has(root, "started", JSON_INTEGER) &&
                has(root, "now", JSON_INTEGER));
    assert_int_equal(json_object_size(root), 6);
    assert_int_equal(json_array_size(json_object_get(root, "keysets")), 2);
    keyset = json_array_get(json_object_get(root, "keysets"), 0);
    assert_string_equal(json_string_value(json_object_get(keyset, "name")), "www");
    assert_string_equal(json_string_value(json_object_get(keyset, "last_error")), "");
    assert_int_equal(json_object_size(keyset), 15);
    assert_true(has(keyset, "farm", JSON_NULL));
    for (size_t i = 0; i < 5; i++)
        assert_true(has(keyset, numbers[i], JSON_INTEGER));
    for (size_t i = 0; i < 5; i++)
        assert_true(has(keyset, objects[i], JSON_OBJECT));
    assert_int_equal(json_object_size(json_object_get(keyset, "counters")), 8);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(keyset, "policy"), "patience")), 900);
    json_decref(root);
}

static void
test_keys(void **state)
{
    json_t *root, *keys, *key;
    json_int_t last = INT64_MAX;

    assert_int_equal(ask(*state, &root, "GET", "/v1/keys?keyset=mail", ""), 200);
    assert_string_equal(json_string_value(json_object_get(root, "keyset")), "mail");
    keys = json_object_get(root, "keys");
    assert_in_range(json_array_size(keys), 2, 3);
    for (size_t i = 0; i < json_array_size(keys); i++) {
        key = json_array_get(keys, i);
        assert_int_equal(json_object_size(key), 10);
        assert_true(has(key, "state", JSON_STRING) && has(key, "made_ms", JSON_INTEGER) &&
                    has(key, "sealed", JSON_INTEGER));
        assert_int_equal(json_string_length(json_object_get(key, "name")), 32);
        assert_true(json_integer_value(json_object_get(key, "seals_from")) <= last);
        last = json_integer_value(json_object_get(key, "seals_from"));
    }
    assert_string_equal(json_string_value(json_object_get(
                            json_array_get(keys, json_array_size(keys) - 1), "state")),
                        "sealing");
    json_decref(root);
}

static void
test_orders(void **state)
{
    char before[33], after[33], body[128];
    json_t *root;
    const char *name;

    sealing(*state, before);
    assert_int_equal(ask(*state, &root, "POST", "/v1/rotate", "{\"keyset\": \"www\"}"), 200);
    name = json_string_value(json_object_get(root, "name"));
    assert_true(name != NULL && strlen(name) == 32 && has(root, "seals_from", JSON_INTEGER));
    assert_int_equal(json_object_size(root), 3);
    json_decref(root);
    (void)snprintf(body, sizeof body, "{\"keyset\": \"www\", \"names\": [\"%s\"], \"only\": true}",
                   before);
    assert_int_equal(ask(*state, &root, "POST", "/v1/revoke", body), 200);
    assert_int_equal(json_array_size(json_object_get(root, "revoked")), 1);
    assert_string_equal(json_string_value(json_array_get(json_object_get(root, "revoked"), 0)),
                        before);
    assert_int_equal(json_object_size(root), 5);
    assert_true(has(root, "fresh", JSON_NULL)); /* not the one that sealed */
    sealing(*state, after);
    assert_string_equal(json_string_value(json_object_get(root, "sealing")), after);
    json_decref(root);
    assert_int_equal(ask(*state, &root, "POST", "/v1/revoke", "{\"keyset\":\"www\",\"all\":true}"),
                     200);
    assert_true(json_array_size(json_object_get(root, "revoked")) >= 2);
    name = json_string_value(json_object_get(root, "fresh"));
    sealing(*state, after);
    assert_string_equal(name, after);
    assert_string_equal(json_string_value(json_object_get(root, "sealing")), after);
    json_decref(root);
}

/* Without a farm. */
static void
test_fleet(void **state)
{
    static const char *const paths[] = {
        "/v1/fleet?keyset=www", "/v1/fleet?keyset=www&key=000102030405060708090a0b0c0d0e0f"};

    for (size_t i = 0; i < 2; i++) {
        json_t *root;

        assert_int_equal(ask(*state, &root, "GET", paths[i], ""), 200);
        assert_string_equal(json_string_value(json_object_get(root, "keyset")), "www");
        assert_true(has(root, "farm", JSON_NULL) && has(root, "now", JSON_INTEGER));
        assert_int_equal(json_array_size(json_object_get(root, "hosts")), 0);
        assert_int_equal(json_object_size(root), 4);
        json_decref(root);
    }
}

/* For people: of all keysets, and as HTML. */
static void
test_page(void **state)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    static char reply[262144];

    assert_true(talk(*state, reply, sizeof reply, request, sizeof request - 1, false));
    assert_int_equal(strncmp(reply, "HTTP/1.1 200 ", 13), 0);
    assert_non_null(strstr(reply, "\r\nContent-Type: text/html; charset=utf-8\r\n"));
    assert_non_null(strstr(reply, "<title>stek: all is well</title>"));
    assert_non_null(strstr(reply, "<section class=\"card\" id=\"www\">"));
    assert_non_null(strstr(reply, "<title id=\"tl-mail-title\">"));
    assert_non_null(strstr(reply, "</html>\n"));
}

static const struct {
    const char *method, *path, *body;
    int status;
    const char *error; /* part of it */
} wrong[] = {
    {"GET", "/?x=1", "", 400, "the page takes no query"},
    {"POST", "/", "{}", 405, "/ takes GET only"},
    {"GET", "/index.html", "", 404, "no such path"},
    {"GET", "/v1/status/", "", 404, "no such path"},
    {"GET", "/../../etc/passwd", "", 404, "no such path"},
    {"GET", "/v1/status?x=1", "", 400, "status takes no query"},
    {"POST", "/v1/status", "{}", 405, "/v1/status takes GET only"},
    {"GET", "/v1/rotate", "", 405, "/v1/rotate takes POST only"},
    {"DELETE", "/v1/keys", "", 405, "/v1/keys takes GET only"},
    {"GET", "/v1/keys", "", 400, "there are 2 keysets: say which one"},
    {"GET", "/v1/keys?keyset=none", "", 404, "no keyset none"},
    {"GET", "/v1/keys?keyset=..%2f", "", 400, "not a keyset's name"},
    {"GET", "/v1/keys?name=www", "", 400, "the query is keyset=NAME"},
    {"POST", "/v1/fleet", "{}", 405, "/v1/fleet takes GET only"},
    {"GET", "/v1/fleet", "", 400, "there are 2 keysets: say which one"},
    {"GET", "/v1/fleet?keyset=none", "", 404, "no keyset none"},
    {"GET", "/v1/fleet?keyset=www&key=00", "", 400, "key: a key's name is 32 hex digits"},
    {"GET", "/v1/fleet?keyset=www&key=", "", 400, "key: a key's name is 32 hex digits"},
    {"GET", "/v1/fleet?keyset=www&x=1", "", 400, "the query is keyset=NAME, key=NAME"},
    {"GET", "/v1/fleet?keyset=www&key=000102030405060708090a0b0c0d0e0f&x=1", "", 400,
     "key: a key's name"},
    {"GET", "/v1/fleet?key=000102030405060708090a0b0c0d0e0f", "", 400, "there are 2 keysets"},
    {"POST", "/v1/rotate", "", 400, "not JSON"},
    {"POST", "/v1/rotate", "{", 400, "not JSON"},
    {"POST", "/v1/rotate", "{} {}", 400, "not JSON"},
    {"POST", "/v1/rotate", "[]", 400, "must be a JSON object"},
    {"POST", "/v1/rotate", "null", 400, "not JSON"},
    {"POST", "/v1/rotate", "{}", 400, "there are 2 keysets: say which one"},
    {"POST", "/v1/rotate", "{\"keyset\": 1}", 400, "keyset: a string"},
    {"POST", "/v1/rotate", "{\"keyset\": \"www\\u0000\"}", 400, "not JSON"},
    {"POST", "/v1/rotate", "{\"keyset\": \"WWW\"}", 400, "not a keyset's name"},
    {"POST", "/v1/rotate", "{\"keyset\": \"none\"}", 404, "no keyset none"},
    {"POST", "/v1/rotate", "{\"keyset\": \"www\", \"keyset\": \"www\"}", 400, "duplicate"},
    {"POST", "/v1/rotate", "{\"keyset\": \"www\", \"all\": true}", 400, "unknown member \"all\""},
    {"POST", "/v1/revoke", "{\"keyset\": \"www\"}", 400, "either \"all\": true or \"names\""},
    {"POST", "/v1/revoke", "{\"keyset\": \"www\", \"all\": false}", 400, "either \"all\""},
    {"POST", "/v1/revoke", "{\"keyset\": \"www\", \"all\": 1}", 400, "all: true or false"},
    {"POST", "/v1/revoke", "{\"keyset\": \"www\", \"names\": []}", 400, "names: an array"},
    {"POST", "/v1/revoke", "{\"keyset\": \"www\", \"names\": \"a\"}", 400, "names: an array"},
    {"POST", "/v1/revoke", "{\"keyset\": \"www\", \"names\": [\"a\"]}", 400, "32 hex digits"},
    {"POST", "/v1/revoke",
     "{\"keyset\": \"www\", \"names\": [\"000102030405060708090a0b0c0d0e0f\"]}", 404,
     "no key 000102030405060708090a0b0c0d0e0f"},
    {"POST", "/v1/revoke", "{\"keyset\": \"www\", \"all\": true, \"only\": true}", 400,
     "\"only\" goes with names"},
    {"POST", "/v1/revoke",
     "{\"keyset\": \"www\", \"all\": true, "
     "\"names\": [\"000102030405060708090a0b0c0d0e0f\"]}",
     400, "either \"all\""},
};

static void
test_wrong(void **state)
{
    char before[33], after[33];

    sealing(*state, before);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        json_t *root;
        const char *error;

        assert_int_equal(ask(*state, &root, wrong[i].method, wrong[i].path, wrong[i].body),
                         wrong[i].status);
        error = json_string_value(json_object_get(root, "error"));
        assert_non_null(error);
        if (strstr(error, wrong[i].error) == NULL)
            assert_string_equal(error, wrong[i].error);
        json_decref(root);
    }
    sealing(*state, after);
    assert_string_equal(before, after);
    assert_int_equal(strlen(after), 32);
}

/* Each order is in the audit trail, with who gave it and what became of it; looks are not. */
static void
test_audit(void **state)
{
    static const char unknown[] =
        "{\"keyset\": \"www\", \"names\": [\"00000000000000000000000000000001\"]}";
    const struct daemon *daemon = *state;
    unsigned orders = count_logged(daemon, " event=order "), failed;
    char text[128];
    json_t *root;

    failed = count_logged(daemon, " event=order-failed ");
    assert_int_equal(ask(daemon, &root, "POST", "/v1/rotate", "{\"keyset\": \"mail\"}"), 200);
    json_decref(root);
    assert_int_equal(ask(daemon, &root, "POST", "/v1/revoke", unknown), 404);
    json_decref(root);
    assert_int_equal(ask(daemon, &root, "POST", "/v1/rotate", "{"), 400);
    json_decref(root);
    assert_int_equal(ask(daemon, &root, "GET", "/v1/keys?keyset=none", ""), 404);
    json_decref(root);
    (void)snprintf(text, sizeof text,
                   " event=order action=rotate keyset=mail peer_uid=%u peer_pid=%d\n",
                   (unsigned)geteuid(), (int)getpid());
    assert_int_equal(count_logged(daemon, text), 1);
    assert_int_equal(count_logged(daemon, " event=order "), orders + 2);
    (void)snprintf(text, sizeof text,
                   " keyset=www scope=names keys=1 peer_uid=%u peer_pid=%d status=404 "
                   "reason=\"keyset www: no key 0000",
                   (unsigned)geteuid(), (int)getpid());
    assert_int_equal(count_logged(daemon, text), 1);
    assert_int_equal(count_logged(daemon, " event=order-failed "), failed + 2);
}

/* The longest body that is allowed is read. */
static void
test_longest_body(void **state)
{
    char body[16385];
    json_t *root;

    memset(body, ' ', sizeof body);
    memcpy(body, "{}", 2);
    body[16384] = '\0';
    assert_int_equal(ask(*state, &root, "POST", "/v1/rotate", body), 400);
    assert_non_null(json_object_get(root, "error"));
    json_decref(root);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status),       cmocka_unit_test(test_keys),
        cmocka_unit_test(test_fleet),        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_wrong),        cmocka_unit_test(test_audit),
        cmocka_unit_test(test_longest_body), cmocka_unit_test(test_page),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
