/* A key that the administrator provides is taken as bytes or as hex, from a file that nobody else
 * may read or from systemd's credentials; all else is refused, and the message says what to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hex.h"
#include "io/key_file.h"
#include "ring_support.h"

static int
setup(void **state)
{
    static struct scratch scratch;

    *state = &scratch;
    return scratch_open(&scratch) ? 0 : 1;
}

static int
teardown(void **state)
{
    scratch_close(*state);
    return 0;
}

static void
fill(uint8_t bytes[SECRET_LEN])
{
    uint64_t rng = 7;

    rng_fill(&rng, bytes, SECRET_LEN);
}

/* True if the file with these bytes is the key of fill(). */
static bool
takes(const char *path, const void *bytes, size_t len)
{
    uint8_t want[SECRET_LEN];
    struct err err = {""};
    SECRET(key);

    fill(want);
    return file_make(path, bytes, len, 0400) && key_file_read(&key, path, &err) &&
           memcmp(key.bytes, want, sizeof want) == 0;
}

static void
test_forms(void **state)
{
    const struct scratch *scratch = *state;
    uint8_t bytes[SECRET_LEN + 1] = {0};
    char text[HEX_LEN(SECRET_LEN) + 2];

    fill(bytes);
    assert_true(takes(scratch->other, bytes, SECRET_LEN));
    assert_false(takes(scratch->other, bytes, SECRET_LEN - 1));
    assert_false(takes(scratch->other, bytes, SECRET_LEN + 1));
    assert_false(takes(scratch->other, bytes, 0));
    (void)hex_encode(text, bytes, SECRET_LEN);
    assert_true(takes(scratch->other, text, 64));
    assert_false(takes(scratch->other, text, 63));
    memcpy(text + 64, "\n\n", 3);
    assert_true(takes(scratch->other, text, 65));
    assert_true(takes(scratch->other, text, 66));
    text[64] = 'f';
    assert_false(takes(scratch->other, text, 65));
    text[3] = 'g';
    assert_false(takes(scratch->other, text, 64));
}

/* True if it is refused with these words. */
static bool
refuses(const char *from, const char *says)
{
    struct err err = {""};
    struct secret key = {{5}};
    const struct secret before = key;
    bool ok = !key_file_read(&key, from, &err) && strstr(err.text, says) != NULL &&
              memcmp(&key, &before, sizeof key) == 0;

    if (!ok)
        printf("# %s\n", err.text);
    return ok;
}

static void
test_refused(void **state)
{
    const struct scratch *scratch = *state;
    const char *path = scratch->other;
    uint8_t bytes[SECRET_LEN], zeros[SECRET_LEN] = {0};

    fill(bytes);
    assert_true(refuses(path, "No such file"));
    assert_true(file_make(path, bytes, sizeof bytes, 0440));
    assert_true(refuses(path, "others may read or write it"));
    assert_true(file_make(path, bytes, sizeof bytes, 0404));
    assert_true(refuses(path, "others may read or write it"));
    assert_true(file_make(path, zeros, sizeof zeros, 0400));
    assert_true(refuses(path, "not a key of 32 random bytes"));
    assert_int_equal(rename(path, scratch->ring), 0);
    assert_int_equal(symlink(scratch->ring, path), 0);
    assert_true(refuses(path, "symbolic links"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_true(refuses(path, "not a regular file"));
    if (geteuid() == 0) {
        assert_true(file_make(path, bytes, sizeof bytes, 0400));
        assert_int_equal(chown(path, NOBODY, NOBODY), 0);
        assert_true(refuses(path, "belongs to another user"));
    }
}

static void
test_credential(void **state)
{
    const struct scratch *scratch = *state;
    uint8_t bytes[SECRET_LEN];
    struct err err = {""};
    SECRET(key);

    fill(bytes);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    assert_true(refuses("credential:other", "LoadCredentialEncrypted=other"));
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", scratch->folder, 1), 0);
    assert_true(refuses("credential:other", "No such file"));
    assert_true(
        file_make(scratch->other, bytes, sizeof bytes, 0440)); /* as its access list shows */
    assert_true(key_file_read(&key, "credential:other", &err));
    assert_memory_equal(key.bytes, bytes, sizeof bytes);
    assert_true(file_make(scratch->other, bytes, sizeof bytes, 0444));
    assert_true(refuses("credential:other", "others may read or write it"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_forms, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_credential, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
