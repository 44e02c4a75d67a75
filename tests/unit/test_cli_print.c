/* What stekctl says of an answer is so, whatever the answer: which key seals after a revocation, or
 * that none does; which configuration applies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define A "0123456789abcdef0123456789abcdef"
#define B "fedcba9876543210fedcba9876543210"

/* What is printed of a revocation that was answered so; to be freed. */
static char *
revoked(const char *answer)
{
    struct err err;
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    json_t *root = reply_load(answer, strlen(answer), 200, &err);
    REPLY_REVOKE(reply);

    if (out != NULL && reply_revoke_read(&reply, root, &err))
        revoke_print(out, &reply);
    if (out != NULL)
        (void)fclose(out);
    json_decref(root);
    return text;
}

static const struct {
    const char *fresh, *sealing; /* as JSON */
    const char *says;
} revocations[] = {
    {"\"" B "\"", "\"" B "\"", "\nfresh key " B " seals new tickets\n"},
    {"null", "\"" B "\"", "\nkey " B " seals new tickets\n"}, /* the one before, or an older one */
    {"\"" A "\"", "\"" B "\"", "\nkey " B " seals new tickets\n"},
    {"null", "null",
     "\nno key seals now: servers give no tickets until one does; stekctl status says more\n"},
};

static void
test_who_seals_after(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof revocations / sizeof *revocations; i++) {
        char answer[256], *text;

        (void)snprintf(answer, sizeof answer,
                       "{\"keyset\":\"www\",\"revoked\":[\"" A "\"],\"fresh\":%s,\"sealing\":%s,"
                       "\"generation\":13}",
                       revocations[i].fresh, revocations[i].sealing);
        text = revoked(answer);
        assert_non_null(text);
        assert_non_null(strstr(text, "keyset www: 1 key revoked\n  " A "\n"));
        if (strstr(text, revocations[i].says) == NULL)
            assert_string_equal(text, revocations[i].says);
        assert_null(strstr(text, "concerned"));
        free(text);
    }
}

/* What is printed of a status with this configuration, as JSON; to be freed. */
static char *
status(const char *config)
{
    char answer[256], *text = NULL;
    struct err err;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    json_t *root;
    REPLY_STATUS(reply);

    (void)snprintf(answer, sizeof answer,
                   "{\"version\":\"0.1.0\",\"pid\":1,\"started\":1700000000,\"now\":1700000000,"
                   "\"config\":%s,\"keysets\":[]}",
                   config);
    root = reply_load(answer, strlen(answer), 200, &err);
    if (out != NULL && reply_status_read(&reply, root, &err))
        (void)status_print(out, &reply, false); /* what is printed tells */
    if (out != NULL)
        (void)fclose(out);
    json_decref(root);
    return text;
}

static void
test_configuration(void **state)
{
    char *file = status("\"/etc/stek/stekd.conf\""), *none = status("null"), *wrong = status("1");

    (void)state;
    assert_non_null(strstr(file, ", configuration /etc/stek/stekd.conf\n"));
    assert_non_null(strstr(none, ", configuration built-in\n"));
    assert_string_equal(wrong, "");
    free(file);
    free(none);
    free(wrong);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_seals_after),
        cmocka_unit_test(test_configuration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
