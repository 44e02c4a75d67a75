/* Joining: the answer opens for the host that asked, once and in time, and for nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memcheck.h"
#include "share/join.h"
#include "share/line.h"
#include "share_support.h"

#define HOST 0x1122334455667788

struct talk {
    struct farm farm, got;
    struct join join;
    struct join_request read;
    struct secret_buf request, answer;
};

static struct secret
fresh_of(uint64_t number)
{
    struct secret fresh = {{0}};
    uint64_t rng = number;

    rng_fill(&rng, fresh.bytes, sizeof fresh.bytes);
    return fresh;
}

/* Ask with the randomness of that number. */
static bool
ask(struct talk *talk, uint64_t number)
{
    struct secret fresh = fresh_of(number);

    return join_ask(&talk->join, &talk->request, &fresh, HOST, "web1.example", "www", NOW_S, NULL);
}

static bool
answer(struct talk *talk, uint64_t number)
{
    struct secret fresh = fresh_of(number);

    return join_read(&talk->read, (const char *)talk->request.bytes, talk->request.len, NOW_S,
                     NULL) &&
           join_answer(&talk->answer, &talk->read, &talk->farm, "www", &fresh, NULL);
}

static bool
finish(struct talk *talk, uint64_t now_s, struct err *err)
{
    return join_finish(&talk->join, &talk->got, (const char *)talk->answer.bytes, talk->answer.len,
                       now_s, err);
}

static bool
talk_open(struct talk *talk)
{
    *talk = (struct talk){.read = {.host = 0}};
    return farm_of(&talk->farm, 1, NOW_MS) && ask(talk, 2) && answer(talk, 3);
}

static void
talk_close(struct talk *talk)
{
    farm_wipe(&talk->farm);
    farm_wipe(&talk->got);
    join_wipe(&talk->join);
    secret_buf_free(&talk->request);
    secret_buf_free(&talk->answer);
}

/* R-JOIN-1. */
static void
test_join(void **state)
{
    char shown[JOIN_FINGERPRINT_LEN], theirs[JOIN_FINGERPRINT_LEN];
    struct talk talk;
    SECRET(x);
    SECRET(y);

    (void)state;
    assert_true(talk_open(&talk));
    assert_int_equal(talk.read.host, HOST);
    assert_int_equal(talk.read.expires_s, NOW_S + JOIN_LIFE_S);
    assert_string_equal(talk.read.keyset, "www");
    assert_string_equal(talk.read.host_name, "web1.example");
    assert_true(join_fingerprint(shown, &talk.join.request));
    assert_true(join_fingerprint(theirs, &talk.read));
    assert_string_equal(shown, theirs);
    assert_int_equal(strspn(shown, "0123456789abcdef-"), 19);
    assert_true(finish(&talk, NOW_S, NULL));
    assert_memory_equal(talk.got.id, talk.farm.id, FARM_ID_LEN);
    assert_int_equal(talk.got.first.number, talk.farm.first.number);
    for (uint64_t day = talk.farm.first.number; day < talk.farm.first.number + 4; day++) {
        assert_true(farm_secret(&talk.farm, &x, day) && farm_secret(&talk.got, &y, day));
        assert_memory_equal(x.bytes, y.bytes, SECRET_LEN);
    }
    talk_close(&talk);
}

/* R-JOIN-6. */
static void
test_kept(void **state)
{
    struct talk talk;
    struct join_request asked;
    SECRET_BUF(file);
    SECRET_BUF(line);

    (void)state;
    assert_true(talk_open(&talk));
    asked = talk.join.request;
    assert_true(join_encode(&file, &talk.join, NULL));
    MEM_DEFINE(file.bytes, file.len); /* as from a disk */
    assert_non_null(strstr((const char *)file.bytes, "\n" JOIN_WORD ":"));
    join_wipe(&talk.join);
    MEM_DEFINE(&talk.join, sizeof talk.join); /* wiped: looked at all the same */
    for (size_t cut = 1; cut < file.len; cut += 5) {
        assert_false(join_decode(&talk.join, (const char *)file.bytes, file.len - 1 - cut, NULL));
        assert_false(talk.join.is_open);
    }
    assert_true(join_decode(&talk.join, (const char *)file.bytes, file.len, NULL));
    assert_memory_equal(talk.join.request.key, asked.key, sizeof asked.key);
    assert_string_equal(talk.join.request.host_name, "web1.example");
    assert_true(join_line(&line, &talk.join.request, NULL));
    assert_int_equal(line.len, talk.request.len);
    assert_memory_equal(line.bytes, talk.request.bytes, line.len);
    assert_true(finish(&talk, NOW_S, NULL));
    assert_memory_equal(talk.got.id, talk.farm.id, FARM_ID_LEN);
    talk_close(&talk);
}

/* The answer as the header says, by libcrypto's own HKDF. */
static void
test_known_answer(void **state)
{
    struct secret fresh = fresh_of(3);
    uint8_t info[64], prk[32], key[32], sealed[52 + 16], invite[52];
    struct writer i = writer_of(info, sizeof info), w = writer_of(invite, sizeof invite);
    struct talk talk;
    SECRET(shared);
    SECRET_BUF(request);
    SECRET_BUF(bytes);

    (void)state;
    assert_true(talk_open(&talk));
    assert_true(line_read(&request, JOIN_REQUEST_WORD, (const char *)talk.request.bytes,
                          talk.request.len, NULL));
    assert_true(line_read(&bytes, JOIN_ANSWER_WORD, (const char *)talk.answer.bytes,
                          talk.answer.len, NULL));
    assert_int_equal(bytes.len, 32 + 52 + 16);
    put_field(&i, "stek1", 5);
    put_field(&i, "join", 4);
    put_field(&i, bytes.bytes, 32);
    assert_true(crypt_shared(&shared, &fresh, talk.read.key));
    assert_int_equal(crypt_hmac(prk, shared.bytes, 32, request.bytes, request.len), 1);
    assert_true(expand(key, prk, info, i.len));
    write_bytes(&w, talk.farm.id, FARM_ID_LEN);
    write_u32(&w, (uint32_t)talk.farm.first.number);
    write_bytes(&w, talk.farm.first.secret.bytes, SECRET_LEN);
    assert_true(gcm_seal(sealed, key, bytes.bytes, 32, invite, sizeof invite));
    assert_memory_equal(bytes.bytes + 32, sealed, sizeof sealed);
    talk_close(&talk);
}

/* R-JOIN-3. */
static void
test_once(void **state)
{
    static const uint8_t zeros[SECRET_LEN];
    struct err err;
    struct talk talk;

    (void)state;
    assert_true(talk_open(&talk));
    assert_true(finish(&talk, NOW_S, NULL));
    MEM_DEFINE(&talk.join.private_key, SECRET_LEN); /* wiped: looked at all the same */
    assert_memory_equal(talk.join.private_key.bytes, zeros, SECRET_LEN);
    assert_false(finish(&talk, NOW_S, &err));
    assert_non_null(strstr(err.text, "has been answered"));
    talk_close(&talk);
}

/* R-JOIN-3: on either side. */
static void
test_expiry(void **state)
{
    const char *text;
    struct join_request read;
    struct err err;
    struct talk talk;

    (void)state;
    assert_true(talk_open(&talk));
    text = (const char *)talk.request.bytes;
    assert_false(finish(&talk, NOW_S + JOIN_LIFE_S, &err));
    assert_non_null(strstr(err.text, "expired"));
    assert_false(join_read(&read, text, talk.request.len, NOW_S + JOIN_LIFE_S, &err));
    assert_non_null(strstr(err.text, "expired"));
    assert_false(join_read(&read, text, talk.request.len, NOW_S - 601, &err));
    assert_non_null(strstr(err.text, "10 min ahead"));
    assert_true(join_read(&read, text, talk.request.len, NOW_S - 600, &err));
    assert_true(join_read(&read, text, talk.request.len, NOW_S + JOIN_LIFE_S - 1, &err));
    assert_true(finish(&talk, NOW_S + JOIN_LIFE_S - 1, &err));
    talk_close(&talk);
}

/* R-JOIN-2: another request of the same host, and the same key with any word of it changed. */
static void
test_other_requests(void **state)
{
    struct err err;
    struct talk talk;
    struct secret fresh = fresh_of(9);

    (void)state;
    assert_true(talk_open(&talk));
    for (int i = 0; i < 5; i++) {
        struct join_request was = talk.read;

        talk.read.host += i == 0;
        talk.read.expires_s += i == 1;
        talk.read.keyset[2] = i == 2 ? 'x' : 'w';
        talk.read.host_name[0] = i == 3 ? 'x' : 'w';
        talk.read.key[5] ^= i == 4;
        secret_buf_free(&talk.answer);
        assert_true(
            join_answer(&talk.answer, &talk.read, &talk.farm, talk.read.keyset, &fresh, NULL));
        assert_false(finish(&talk, NOW_S, &err));
        assert_string_equal(err.text, "the answer is for another request");
        talk.read = was;
    }
    secret_buf_free(&talk.answer);
    assert_false(join_answer(&talk.answer, &talk.read, &talk.farm, "mail", &fresh, &err));
    assert_non_null(strstr(err.text, "for keyset \"www\", not for \"mail\""));
    assert_true(answer(&talk, 4));
    assert_true(finish(&talk, NOW_S, &err)); /* R-JOIN-4: it can still be answered */
    talk_close(&talk);
}

/* R-JOIN-2, R-JOIN-4: each byte of an answer, with a check that fits, and mistyped. */
static void
test_damaged_answer(void **state)
{
    struct err err;
    struct talk talk;
    SECRET_BUF(bytes);

    (void)state;
    assert_true(talk_open(&talk));
    assert_true(line_read(&bytes, JOIN_ANSWER_WORD, (const char *)talk.answer.bytes,
                          talk.answer.len, NULL));
    for (size_t i = 0; i < bytes.len; i++) {
        SECRET_BUF(line);

        bytes.bytes[i] ^= 1;
        assert_true(line_write(&line, JOIN_ANSWER_WORD, bytes.bytes, bytes.len, NULL));
        assert_false(
            join_finish(&talk.join, &talk.got, (const char *)line.bytes, line.len, NOW_S, &err));
        assert_non_null(strstr(err.text, "another request"));
        bytes.bytes[i] ^= 1;
    }
    for (size_t i = 13; i < talk.answer.len; i++) {
        talk.answer.bytes[i] ^= 1;
        assert_false(finish(&talk, NOW_S, &err));
        assert_non_null(strstr(err.text, "damaged"));
        talk.answer.bytes[i] ^= 1;
    }
    assert_false(join_finish(&talk.join, &talk.got, (const char *)talk.request.bytes,
                             talk.request.len, NOW_S, &err));
    assert_non_null(strstr(err.text, "does not begin with \"stek-answer1:\""));
    assert_int_equal(talk.got.first.number, 0);
    assert_true(finish(&talk, NOW_S, &err));
    talk_close(&talk);
}

/* A request with these bytes at that place, and a check that fits, is refused. */
static bool
is_refused(struct talk *talk, size_t at, const char *with, size_t len, size_t all)
{
    struct join_request read = {.host = 5};
    struct err err = {{0}};
    SECRET_BUF(bytes);
    SECRET_BUF(line);

    if (!line_read(&bytes, JOIN_REQUEST_WORD, (const char *)talk->request.bytes, talk->request.len,
                   NULL))
        return false;
    memcpy(bytes.bytes + at, with, len);
    return line_write(&line, JOIN_REQUEST_WORD, bytes.bytes, all > 0 ? all : bytes.len, NULL) &&
           !join_read(&read, (const char *)line.bytes, line.len, NOW_S, &err) && read.host == 5 &&
           strstr(err.text, "not as it should be") != NULL;
}

/* R-JOIN-5. */
static void
test_bad_requests(void **state)
{
    struct talk talk;

    (void)state;
    assert_true(talk_open(&talk));
    assert_true(is_refused(&talk, 32, "\0\0\0\0\0\0\0\0", 8, 0)); /* no host */
    assert_true(is_refused(&talk, 49, "WWW", 3, 0));
    assert_true(is_refused(&talk, 49, "a/b", 3, 0));
    assert_true(is_refused(&talk, 49, "a\0b", 3, 0));
    assert_true(is_refused(&talk, 48, "\0", 1, 0));
    assert_true(is_refused(&talk, 48, "\101", 1, 0));
    assert_true(is_refused(&talk, 53, "\x1b[2J", 4, 0));
    assert_true(is_refused(&talk, 53, "\n", 1, 0));
    assert_true(is_refused(&talk, 54, "\0", 1, 0));
    for (size_t len = 1; len < 65; len++)
        assert_true(is_refused(&talk, 0, "", 0, len));
    assert_true(is_refused(&talk, 0, "", 0, 66)); /* a byte too many */
    talk_close(&talk);
}

/* What cannot be asked or answered. */
static void
test_weak(void **state)
{
    struct secret fresh = fresh_of(9), zeros = {{0}};
    char name[RECORD_KEYSET_MAX + 2];
    struct err err;
    struct talk talk;
    JOIN(join);
    SECRET_BUF(line);

    (void)state;
    memset(name, 'k', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_false(join_ask(&join, &line, &zeros, HOST, "h", "www", NOW_S, &err));
    assert_false(join_ask(&join, &line, &fresh, 0, "h", "www", NOW_S, &err));
    assert_false(join_ask(&join, &line, &fresh, HOST, "h", "", NOW_S, &err));
    assert_false(join_ask(&join, &line, &fresh, HOST, "h", name, NOW_S, &err));
    assert_non_null(strstr(err.text, "names no keyset"));
    assert_true(join_ask(&join, &line, &fresh, HOST, "", name + 1, NOW_S, &err));
    assert_string_equal(join.request.host_name, "?");
    assert_true(talk_open(&talk));
    secret_buf_free(&talk.answer);
    assert_false(join_answer(&talk.answer, &talk.read, &talk.farm, "www", &zeros, &err));
    memset(talk.read.key, 0, sizeof talk.read.key); /* of small order */
    assert_false(join_answer(&talk.answer, &talk.read, &talk.farm, "www", &fresh, &err));
    assert_non_null(strstr(err.text, "is no key"));
    talk_close(&talk);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join),           cmocka_unit_test(test_kept),
        cmocka_unit_test(test_known_answer),   cmocka_unit_test(test_once),
        cmocka_unit_test(test_expiry),         cmocka_unit_test(test_other_requests),
        cmocka_unit_test(test_damaged_answer), cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_weak),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
