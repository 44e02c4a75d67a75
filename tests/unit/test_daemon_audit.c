/* The audit trail, event by event, to the letter; that docs/audit.md names each event with just the
 * fields that it has; and that refused requests do not fill the log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "daemon/audit.h"

static const char key_name[] = "000102030405060708090a0b0c0d0e0f";
static const struct peer peer = {.is_known = true, .uid = 1000, .pid = 4711};

struct kept {
    char line[LOG_FULL_MAX];
    bool is_warning;
    size_t count;
};

static void
keep(void *arg, bool is_warning, const char *line)
{
    struct kept *kept = arg;

    (void)snprintf(kept->line, sizeof kept->line, "%s", line);
    kept->is_warning = is_warning;
    kept->count++;
}

static struct key
a_key(uint32_t flags)
{
    struct key key = {.seal_from = 1700000000,
                      .seal_until = 1700004500,
                      .open_until = 1700047700,
                      .flags = flags};

    for (unsigned i = 0; i < sizeof key.name; i++)
        key.name[i] = (uint8_t)i;
    memset(key.secret.bytes, 0x5a, sizeof key.secret.bytes);
    return key;
}

static void
expect(const struct kept *kept, bool is_warning, const char *line)
{
    assert_string_equal(kept->line, line); /* nothing is held by these tests */
    assert_int_equal(kept->is_warning, is_warning);
}

static void
test_daemon(void **state)
{
    static struct kept kept;
    const struct log log = {.sink = keep, .arg = &kept};

    (void)state;
    audit_start(&log, "/run/stek", 2);
    expect(&kept, false,
           "version " STEK_VERSION
           " ready in /run/stek: 2 keysets event=start version=" STEK_VERSION
           " rundir=/run/stek keysets=2");
    audit_stop(&log, "/run/stek");
    expect(&kept, false, "stopped; rings and keys stay in /run/stek event=stop rundir=/run/stek");
    audit_reload(&log, "/etc/stek/stekd.conf", 3);
    expect(&kept, false,
           "reloaded /etc/stek/stekd.conf: 3 keysets event=reload config=/etc/stek/stekd.conf "
           "keysets=3");
    audit_reload_refused(&log, "/etc/stek/stekd.conf", "x:3: rotate = soon");
    expect(&kept, true,
           "reload: all stays as it was: x:3: rotate = soon event=reload-refused "
           "config=/etc/stek/stekd.conf reason=\"x:3: rotate = soon\"");
}

static void
test_keysets(void **state)
{
    static struct kept kept;
    const struct log log = {.sink = keep, .arg = &kept};
    const struct policy policy = {
        .rotate_s = 3600, .lifetime_s = 43200, .patience_s = 900, .max_session_s = 86400};

    (void)state;
    audit_adopted(&log, "www", "/run/stek/www.r1", 14);
    expect(&kept, false,
           "keyset www: 14 keys taken over from /run/stek/www.r1 event=keyset-adopted keyset=www "
           "ring=/run/stek/www.r1 keys=14");
    audit_changed(&log, "www", &policy);
    expect(&kept, false,
           "keyset www: keys made from now on seal for 3600 s and open for 43200 s after it "
           "event=keyset-changed keyset=www rotate=3600 lifetime=43200 patience=900 "
           "max_session=86400");
    audit_removed(&log, "www", "/run/stek/www.r1");
    expect(&kept, false,
           "keyset www: keys destroyed, ring removed event=keyset-removed keyset=www "
           "ring=/run/stek/www.r1");
}

static void
test_keys(void **state)
{
    static struct kept kept;
    const struct log log = {.sink = keep, .arg = &kept};
    const struct key planned = a_key(0), emergency = a_key(KEY_EMERGENCY);
    char line[1024];

    (void)state;
    audit_made(&log, "www", &planned);
    (void)snprintf(line, sizeof line,
                   "keyset www: key %s made, seals from 2023-11-14T22:13:20Z, opens until "
                   "2023-11-15T11:28:20Z event=key-made keyset=www key=%s seals_from=1700000000 "
                   "seals_until=1700004500 opens_until=1700047700 emergency=no",
                   key_name, key_name);
    expect(&kept, false, line);
    audit_made(&log, "www", &emergency);
    assert_non_null(strstr(kept.line, " made since none could seal, "));
    assert_non_null(strstr(kept.line, " emergency=yes"));
    audit_learnt(&log, "www", &planned);
    (void)snprintf(line, sizeof line,
                   "keyset www: key %s learnt of host 0000000000000000, seals from "
                   "2023-11-14T22:13:20Z, opens until 2023-11-15T11:28:20Z event=key-learnt "
                   "keyset=www key=%s maker=0000000000000000 seals_from=1700000000 "
                   "seals_until=1700004500 opens_until=1700047700",
                   key_name, key_name);
    expect(&kept, false, line);
    audit_seals(&log, "www", &planned, false);
    (void)snprintf(line, sizeof line,
                   "keyset www: key %s takes over sealing event=key-seals keyset=www key=%s",
                   key_name, key_name);
    expect(&kept, false, line);
    audit_seals(&log, "www", &planned, true);
    assert_non_null(strstr(kept.line, "0f seals event=key-seals "));
    audit_revoked(&log, "www", &planned);
    (void)snprintf(line, sizeof line,
                   "keyset www: key %s revoked, its secret destroyed event=key-revoked keyset=www "
                   "key=%s",
                   key_name, key_name);
    expect(&kept, false, line);
    audit_destroyed(&log, "www", &planned, true);
    (void)snprintf(line, sizeof line,
                   "keyset www: key %s destroyed: its time is over event=key-destroyed keyset=www "
                   "key=%s reason=over",
                   key_name, key_name);
    expect(&kept, false, line);
    audit_destroyed(&log, "www", &planned, false);
    assert_non_null(strstr(kept.line, "destroyed: its keyset is removed event=key-destroyed "));
    assert_non_null(strstr(kept.line, " reason=keyset-removed"));
}

static void
test_farms(void **state)
{
    static struct kept kept;
    const struct log log = {.sink = keep, .arg = &kept};
    const struct audit_join join = {"0123-4567-89ab-cdef", 0xab, "web 2"};

    (void)state;
    audit_farm(&log, AUDIT_BEGUN, "www", "0123456789abcdef");
    expect(&kept, false,
           "keyset www: this host begins farm 0123456789abcdef event=farm-begun keyset=www "
           "farm=0123456789abcdef");
    audit_farm(&log, AUDIT_JOINED, "www", "0123456789abcdef");
    expect(&kept, false,
           "keyset www: this host joins farm 0123456789abcdef event=farm-joined keyset=www "
           "farm=0123456789abcdef");
    audit_farm(&log, AUDIT_REKEYED, "www", "0123456789abcdef");
    expect(&kept, false,
           "keyset www: the farm has a fresh secret, and is now farm 0123456789abcdef "
           "event=farm-rekeyed keyset=www farm=0123456789abcdef");
    audit_asked(&log, "www", &join);
    expect(&kept, false,
           "keyset www: request to join a farm made, fingerprint 0123-4567-89ab-cdef, of host "
           "00000000000000ab, web 2 event=farm-asked keyset=www fingerprint=0123-4567-89ab-cdef "
           "host=00000000000000ab host_name=\"web 2\"");
    audit_answered(&log, "www", &join);
    expect(&kept, false,
           "keyset www: request to join the farm answered, fingerprint 0123-4567-89ab-cdef, of "
           "host 00000000000000ab, web 2 event=farm-answered keyset=www "
           "fingerprint=0123-4567-89ab-cdef host=00000000000000ab host_name=\"web 2\"");
}

static void
test_orders(void **state)
{
    static struct kept kept;
    const struct log log = {.sink = keep, .arg = &kept};
    struct audit_order order = {.peer = &peer, .action = "rotate", .keyset = "www"};

    (void)state;
    audit_order(&log, &order);
    expect(&kept, false,
           "keyset www: uid 1000 orders: rotate event=order action=rotate keyset=www "
           "peer_uid=1000 peer_pid=4711");
    order = (struct audit_order){&peer, "revoke", "www", "all", 14};
    audit_order(&log, &order);
    expect(&kept, false,
           "keyset www: uid 1000 orders: revoke all, 14 keys event=order action=revoke keyset=www "
           "scope=all keys=14 peer_uid=1000 peer_pid=4711");
    audit_order_failed(&log, &order, 409, "not now");
    expect(&kept, true,
           "uid 1000 ordered: revoke: not done: not now event=order-failed action=revoke "
           "keyset=www scope=all keys=14 peer_uid=1000 peer_pid=4711 status=409 "
           "reason=\"not now\"");
}

/* A stranger's requests by the thousand: so many lines a minute, and one that counts the rest. */
static void
test_refused(void **state)
{
    static struct kept kept;
    const struct log log = {.sink = keep, .arg = &kept};
    const struct peer unknown = {0};
    struct audit_order order = {.peer = &peer, .action = "GET /v1/status"};
    struct audit_limit limit = {0};

    (void)state;
    audit_refused(&log, &limit, &order, "not for you", 1000);
    expect(&kept, true,
           "refused GET /v1/status of uid 1000: not for you event=refused "
           "action=\"GET /v1/status\" peer_uid=1000 peer_pid=4711 reason=\"not for you\"");
    for (uint64_t ms = 1001; ms < 1000 + AUDIT_REFUSED_MS; ms += 10)
        audit_refused(&log, &limit, &order, "not for you", ms);
    assert_int_equal(kept.count, AUDIT_REFUSED_MAX);
    audit_tick(&log, &limit, 999 + AUDIT_REFUSED_MS);
    assert_int_equal(kept.count, AUDIT_REFUSED_MAX);
    audit_tick(&log, &limit, 1000 + AUDIT_REFUSED_MS);
    assert_int_equal(kept.count, AUDIT_REFUSED_MAX + 1);
    expect(&kept, true,
           "5993 more requests were refused in the minute before event=refused-more count=5993");
    audit_tick(&log, &limit, 1000 + 3 * AUDIT_REFUSED_MS);
    assert_int_equal(kept.count, AUDIT_REFUSED_MAX + 1);
    /* a new minute begins with the next one */
    order.peer = &unknown;
    audit_refused(&log, &limit, &order, "not for you", 1000 + 3 * AUDIT_REFUSED_MS);
    expect(&kept, true,
           "refused GET /v1/status of nobody knows whom: not for you event=refused "
           "action=\"GET /v1/status\" reason=\"not for you\"");
    audit_tick(&log, &limit, 1000 + 4 * AUDIT_REFUSED_MS);
    assert_int_equal(kept.count, AUDIT_REFUSED_MAX + 2);
}

/* ---- the documentation ---- */

/* Events in the order in which they came, each with the names of its fields. */
struct seen {
    char rows[64][512];
    size_t count;
};

static void
note(void *arg, bool is_warning, const char *line, const struct log_event *event)
{
    struct seen *seen = arg;
    size_t len, fields;
    char *row;

    (void)is_warning;
    (void)line;
    if (event == NULL || seen->count == 64)
        return;
    row = seen->rows[seen->count];
    fields = len = (size_t)snprintf(row, sizeof seen->rows[0], "| `%s` |", event->name);
    for (size_t i = 0; i < event->count; i++)
        len +=
            (size_t)snprintf(row + len, sizeof seen->rows[0] - len, " `%s`", event->fields[i].name);
    for (char *at = row + fields; *at != '\0'; at++)
        *at = (char)toupper((unsigned char)*at);
    seen->count++;
}

/* Each event with all fields that it can have. */
static void
tell_all(const struct log *log)
{
    const struct policy policy = {.rotate_s = 1};
    const struct key key = a_key(0);
    const struct audit_order order = {&peer, "revoke", "www", "all", 1};
    const struct audit_join join = {"", 1, ""};
    struct audit_limit limit = {0, AUDIT_REFUSED_MAX, 1};

    audit_start(log, "", 0);
    audit_stop(log, "");
    audit_reload(log, "", 0);
    audit_reload_refused(log, "", "");
    audit_adopted(log, "www", "", 0);
    audit_changed(log, "www", &policy);
    audit_removed(log, "www", "");
    audit_made(log, "www", &key);
    audit_learnt(log, "www", &key);
    audit_seals(log, "www", &key, true);
    audit_revoked(log, "www", &key);
    audit_destroyed(log, "www", &key, true);
    audit_farm(log, AUDIT_BEGUN, "www", "");
    audit_farm(log, AUDIT_JOINED, "www", "");
    audit_farm(log, AUDIT_REKEYED, "www", "");
    audit_asked(log, "www", &join);
    audit_answered(log, "www", &join);
    audit_order(log, &order);
    audit_order_failed(log, &order, 409, "");
    audit_tick(log, &limit, AUDIT_REFUSED_MS);
    audit_refused(log, &limit, &(struct audit_order){&peer, "GET /", NULL, NULL, 0}, "", 0);
}

/* The rows of the table in the document, each cut behind its fields: "| `event` | `FIELD`..." */
static bool
read_rows(struct seen *seen)
{
    FILE *file = fopen(DOCS "/audit.md", "r");
    char line[1024];
    bool ok = file != NULL;

    while (ok && fgets(line, sizeof line, file) != NULL) {
        char *fields = strncmp(line, "| `", 3) == 0 ? strchr(line + 1, '|') : NULL;
        char *end = fields == NULL ? NULL : strchr(fields + 1, '|');

        if (end == NULL || seen->count == 64)
            continue;
        *(end - 1) = '\0';
        (void)snprintf(seen->rows[seen->count++], sizeof seen->rows[0], "%.500s", line);
    }
    return ok && fclose(file) == 0;
}

static bool
has_row(const struct seen *seen, const char *row)
{
    for (size_t i = 0; i < seen->count; i++) {
        if (strcmp(seen->rows[i], row) == 0)
            return true;
    }
    printf("# only on one side: %s\n", row);
    return false;
}

static void
test_documented(void **state)
{
    static struct seen told, written;
    const struct log log = {.event_sink = note, .arg = &told};
    size_t missing = 0;

    (void)state;
    tell_all(&log);
    assert_true(read_rows(&written));
    assert_int_equal(told.count, 21);
    for (size_t i = 0; i < told.count; i++)
        missing += !has_row(&written, told.rows[i]);
    for (size_t i = 0; i < written.count; i++)
        missing += !has_row(&told, written.rows[i]);
    assert_int_equal(missing, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_daemon),     cmocka_unit_test(test_keysets),
        cmocka_unit_test(test_keys),       cmocka_unit_test(test_orders),
        cmocka_unit_test(test_farms),      cmocka_unit_test(test_refused),
        cmocka_unit_test(test_documented),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
