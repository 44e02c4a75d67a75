/* The ClientHello parser finds SNI, ticket and first PSK identity whatever the order of extensions,
 * refuses what is not well-formed, and then leaves its output as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <stek/ticket.h>
#include <string.h>

#include "base/bytes.h"

/* A hello in the making: its body, then extensions one by one. */
struct made {
    uint8_t bytes[4096];
    struct writer w;
    size_t extensions_at;
};

static void
begin(struct made *made)
{
    static const uint8_t random[32] = {1};

    made->w = writer_of(made->bytes, sizeof made->bytes);
    write_u16(&made->w, 0x0303);
    write_bytes(&made->w, random, sizeof random);
    write_u8(&made->w, 0);
    write_u16(&made->w, 2);
    write_u16(&made->w, 0x1301);
    write_u16(&made->w, 0x0100); /* one compression method: none */
    made->extensions_at = made->w.len;
    write_u16(&made->w, 0);
}

static void
add(struct made *made, uint16_t type, const void *content, size_t len)
{
    size_t all;

    write_u16(&made->w, type);
    write_u16(&made->w, (uint16_t)len);
    write_bytes(&made->w, content, len);
    all = made->w.len - made->extensions_at - 2;
    made->bytes[made->extensions_at] = (uint8_t)(all >> 8);
    made->bytes[made->extensions_at + 1] = (uint8_t)all;
}

static void
add_sni(struct made *made, const char *name)
{
    uint8_t bytes[512];
    struct writer w = writer_of(bytes, sizeof bytes);

    write_u16(&w, (uint16_t)(strlen(name) + 3));
    write_u8(&w, 0);
    write_u16(&w, (uint16_t)strlen(name));
    write_bytes(&w, name, strlen(name));
    add(made, 0, bytes, w.len);
}

static void
add_psk(struct made *made, const char *first, const char *second, size_t binders)
{
    static const uint8_t binder[32] = {2};
    uint8_t bytes[512];
    struct writer w = writer_of(bytes, sizeof bytes);

    write_u16(&w, (uint16_t)(strlen(first) + strlen(second) + 12));
    write_u16(&w, (uint16_t)strlen(first));
    write_bytes(&w, first, strlen(first));
    write_u32(&w, 1);
    write_u16(&w, (uint16_t)strlen(second));
    write_bytes(&w, second, strlen(second));
    write_u32(&w, 2);
    write_u16(&w, (uint16_t)(binders * 33));
    for (size_t i = 0; i < binders; i++) {
        write_u8(&w, sizeof binder);
        write_bytes(&w, binder, sizeof binder);
    }
    add(made, 41, bytes, w.len);
}

static enum stek_status
parse(const struct made *made, struct stek_hello *hello)
{
    return stek_hello_parse(hello, made->bytes, made->w.len);
}

static void
test_plain(void **state)
{
    struct made made;
    STEK_HELLO(hello);

    (void)state;
    begin(&made);
    assert_int_equal(parse(&made, &hello), STEK_OK);
    assert_string_equal(hello.sni, "");
    assert_null(hello.ticket);
    /* before TLS 1.2 extensions were often left out, with their length */
    assert_int_equal(stek_hello_parse(&hello, made.bytes, made.extensions_at), STEK_OK);
    assert_null(hello.ticket);
}

static void
test_any_order(void **state)
{
    (void)state;
    for (int order = 0; order < 3; order++) {
        struct made made;
        STEK_HELLO(hello);

        begin(&made);
        for (int i = 0; i < 3; i++)
            switch ((i + order) % 3) {
            case 0: add_sni(&made, "WWW.Example.com"); break;
            case 1: add(&made, 35, "a ticket", 8); break;
            default: add(&made, 0x2a2a, "", 0); break;
            }
        assert_int_equal(parse(&made, &hello), STEK_OK);
        assert_string_equal(hello.sni, "www.example.com");
        assert_int_equal(hello.sni_len, strlen(hello.sni));
        assert_int_equal(hello.ticket_len, 8);
        assert_memory_equal(hello.ticket, "a ticket", 8);
        assert_false(hello.is_psk);
    }
}

static void
test_empty_ticket_is_none(void **state)
{
    struct made made;
    STEK_HELLO(hello);

    (void)state;
    begin(&made);
    add(&made, 35, "", 0);
    assert_int_equal(parse(&made, &hello), STEK_OK);
    assert_null(hello.ticket);
}

static void
test_psk_goes_before_ticket(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        struct made made;
        STEK_HELLO(hello);

        begin(&made);
        if (first)
            add_psk(&made, "one", "two", 2);
        add(&made, 35, "a ticket", 8);
        if (!first)
            add_psk(&made, "one", "two", 2);
        assert_int_equal(parse(&made, &hello), STEK_OK);
        assert_true(hello.is_psk);
        assert_int_equal(hello.ticket_len, 3);
        assert_memory_equal(hello.ticket, "one", 3);
    }
}

static void
test_bad_psk(void **state)
{
    static const char *const bad[] = {"\0\0\0\0", "\0\7\0\1x\0\0\0\0", "\0\2\0\0\0\0"};
    static const size_t lens[] = {4, 9, 6};
    struct made made;
    STEK_HELLO(hello);

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin(&made);
        add(&made, 41, bad[i], lens[i]);
        assert_int_equal(parse(&made, &hello), STEK_BAD_TICKET);
    }
    begin(&made);
    add_psk(&made, "one", "two", 1);
    assert_int_equal(parse(&made, &hello), STEK_BAD_TICKET);
    begin(&made);
    add_psk(&made, "one", "two", 3);
    assert_int_equal(parse(&made, &hello), STEK_BAD_TICKET);
    begin(&made);
    add_psk(&made, "one", "", 2);
    assert_int_equal(parse(&made, &hello), STEK_BAD_TICKET);
}

static void
test_doubles_are_refused(void **state)
{
    static const uint16_t types[] = {0, 35, 41, 0x2a2a};
    STEK_HELLO(hello);

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct made made;

        begin(&made);
        for (int twice = 0; twice < 2; twice++)
            switch (types[i]) {
            case 0: add_sni(&made, "a.example"); break;
            case 41: add_psk(&made, "one", "two", 2); break;
            default: add(&made, types[i], "x", 1); break;
            }
        assert_int_equal(parse(&made, &hello), STEK_BAD_TICKET);
        assert_string_equal(hello.sni, "");
        assert_null(hello.ticket);
    }
}

static void
test_many_extensions(void **state)
{
    struct made made;
    STEK_HELLO(hello);

    (void)state;
    begin(&made);
    for (uint16_t i = 0; i < 128; i++)
        add(&made, (uint16_t)(1000 + i), "", 0);
    assert_int_equal(parse(&made, &hello), STEK_OK);
    add(&made, 2000, "", 0);
    assert_int_equal(parse(&made, &hello), STEK_BAD_TICKET);
}

static void
test_cut_short(void **state)
{
    struct made made;

    (void)state;
    begin(&made);
    add_sni(&made, "www.example.com");
    add(&made, 35, "a ticket", 8);
    add_psk(&made, "one", "two", 2);
    for (size_t len = 0; len < made.w.len; len++) {
        STEK_HELLO(hello);
        uint8_t *exact = malloc(len > 0 ? len : 1);

        assert_non_null(exact);
        memcpy(exact, made.bytes, len);
        if (len != made.extensions_at)
            assert_int_equal(stek_hello_parse(&hello, exact, len), STEK_BAD_TICKET);
        assert_string_equal(hello.sni, "");
        assert_null(hello.ticket);
        free(exact);
    }
}

static void
test_trailing_bytes(void **state)
{
    struct made made;
    STEK_HELLO(hello);

    (void)state;
    begin(&made);
    add_sni(&made, "www.example.com");
    write_u8(&made.w, 0);
    assert_int_equal(parse(&made, &hello), STEK_BAD_TICKET);
}

static void
test_older_struct_is_refused(void **state)
{
    struct made made;
    STEK_HELLO(hello);

    (void)state;
    begin(&made);
    hello.size = sizeof hello - 1;
    assert_int_equal(parse(&made, &hello), STEK_BAD_ARGUMENT);
    hello.size = sizeof hello + 8; /* a newer program's; what we do not know is left alone */
    assert_int_equal(parse(&made, &hello), STEK_OK);
    assert_int_equal(hello.size, sizeof hello + 8);
}

static enum stek_status
sni_of(const char *name, size_t len, char out[STEK_SNI_MAX + 1], size_t *out_len)
{
    uint8_t bytes[1024];
    struct writer w = writer_of(bytes, sizeof bytes);

    write_u16(&w, (uint16_t)(len + 3));
    write_u8(&w, 0);
    write_u16(&w, (uint16_t)len);
    write_bytes(&w, name, len);
    return stek_hello_sni(out, out_len, bytes, w.len);
}

static void
test_sni_names(void **state)
{
    char sni[STEK_SNI_MAX + 1] = "before", longest[STEK_SNI_MAX + 2];
    size_t len = 6;

    (void)state;
    memset(longest, 'X', sizeof longest);
    assert_int_equal(sni_of(longest, STEK_SNI_MAX + 1, sni, &len), STEK_BAD_TICKET);
    assert_int_equal(sni_of("", 0, sni, &len), STEK_BAD_TICKET);
    assert_int_equal(sni_of("a\0b", 3, sni, &len), STEK_BAD_TICKET);
    assert_int_equal(sni_of("a b", 3, sni, &len), STEK_BAD_TICKET);
    assert_int_equal(sni_of("b\xfc"
                            "cher",
                            6, sni, &len),
                     STEK_BAD_TICKET);
    assert_string_equal(sni, "before");
    assert_int_equal(len, 6);
    assert_int_equal(sni_of("A-z_0.9:", 8, sni, &len), STEK_OK);
    assert_string_equal(sni, "a-z_0.9:");
    assert_int_equal(sni_of(longest, STEK_SNI_MAX, sni, &len), STEK_OK);
    assert_int_equal(len, STEK_SNI_MAX);
    assert_int_equal(strlen(sni), STEK_SNI_MAX);
}

static void
test_sni_is_one_host_name(void **state)
{
    static const char other_type[] = "\0\4\1\0\1a", two[] = "\0\10\0\0\1a\0\0\1b";
    static const char longer[] = "\0\4\0\0\1a!", shorter[] = "\0\5\0\0\1a";
    char sni[STEK_SNI_MAX + 1];
    size_t len;

    (void)state;
    assert_int_equal(stek_hello_sni(sni, &len, (const uint8_t *)other_type, 6), STEK_BAD_TICKET);
    assert_int_equal(stek_hello_sni(sni, &len, (const uint8_t *)two, 10), STEK_BAD_TICKET);
    assert_int_equal(stek_hello_sni(sni, &len, (const uint8_t *)longer, 7), STEK_BAD_TICKET);
    assert_int_equal(stek_hello_sni(sni, &len, (const uint8_t *)shorter, 6), STEK_BAD_TICKET);
    assert_int_equal(stek_hello_sni(sni, &len, (const uint8_t *)"", 0), STEK_BAD_TICKET);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_empty_ticket_is_none),
        cmocka_unit_test(test_psk_goes_before_ticket),
        cmocka_unit_test(test_bad_psk),
        cmocka_unit_test(test_doubles_are_refused),
        cmocka_unit_test(test_many_extensions),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_trailing_bytes),
        cmocka_unit_test(test_older_struct_is_refused),
        cmocka_unit_test(test_sni_names),
        cmocka_unit_test(test_sni_is_one_host_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
