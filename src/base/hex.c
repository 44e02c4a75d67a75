/* see hex.h
 *
 * Each digit is computed by arithmetic on ranges: in_range() gives all ones or zero without a
 * branch, so neither time nor cache shows which digit it was. */
#include "base/hex.h"

#include "base/memcheck.h"
#include "base/secret.h"

/* All ones if low <= x <= high, else 0; x, low, high below 2^15. */
static int
in_range(int x, int low, int high)
{
    return ((low - 1 - x) & (x - high - 1)) >> 15;
}

static char
hex_digit(int value)
{
    return (char)(value + (in_range(value, 0, 9) & '0') + (in_range(value, 10, 15) & ('a' - 10)));
}

/* 0 to 15, or -1. */
static int
hex_value(int c)
{
    return -1 + (in_range(c, '0', '9') & (c - '0' + 1)) + (in_range(c, 'a', 'f') & (c - 'a' + 11)) +
           (in_range(c, 'A', 'F') & (c - 'A' + 11));
}

char *
hex_encode(char *out, const uint8_t *in, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = hex_digit(in[i] >> 4);
        out[2 * i + 1] = hex_digit(in[i] & 15);
    }
    out[2 * len] = '\0';
    return out;
}

bool
hex_decode(uint8_t *out, size_t len, const char *text, size_t text_len)
{
    int bad = text_len == 2 * len ? 0 : -1;

    for (size_t i = 0; text_len == 2 * len && i < len; i++) {
        int high = hex_value((unsigned char)text[2 * i]);
        int low = hex_value((unsigned char)text[2 * i + 1]);

        bad |= high | low; /* negative if either is -1 */
        out[i] = (uint8_t)((unsigned)high << 4 | (unsigned)low);
    }
    MEM_DEFINE(&bad, sizeof bad); /* whether the text is valid is public */
    if (bad >= 0)
        return true;
    secret_wipe_bytes(out, len);
    return false;
}

static char
base64_digit(int value)
{
    return (char)((in_range(value, 0, 25) & (value + 'A')) |
                  (in_range(value, 26, 51) & (value - 26 + 'a')) |
                  (in_range(value, 52, 61) & (value - 52 + '0')) | (in_range(value, 62, 62) & '+') |
                  (in_range(value, 63, 63) & '/'));
}

/* 0 to 63, or -1. */
static int
base64_value(int c)
{
    return -1 + (in_range(c, 'A', 'Z') & (c - 'A' + 1)) + (in_range(c, 'a', 'z') & (c - 'a' + 27)) +
           (in_range(c, '0', '9') & (c - '0' + 53)) + (in_range(c, '+', '+') & 63) +
           (in_range(c, '/', '/') & 64);
}

char *
base64_encode(char *out, const uint8_t *in, size_t len)
{
    char *at = out;

    for (size_t i = 0; i < len; i += 3) {
        unsigned have = len - i >= 3 ? 3 : (unsigned)(len - i);
        unsigned bits = (unsigned)in[i] << 16;

        if (have > 1)
            bits |= (unsigned)in[i + 1] << 8;
        if (have > 2)
            bits |= (unsigned)in[i + 2];
        *at++ = base64_digit((int)(bits >> 18 & 63));
        *at++ = base64_digit((int)(bits >> 12 & 63));
        at[0] = at[1] = '=';
        if (have > 1)
            at[0] = base64_digit((int)(bits >> 6 & 63));
        if (have > 2)
            at[1] = base64_digit((int)(bits & 63));
        at += 2;
    }
    *at = '\0';
    return out;
}

/* One group of four digits, of which the last `pad` are '='; `have` = 3 - pad bytes come out. */
static int
base64_group(uint8_t *out, const char *text, unsigned pad)
{
    int bad = 0;
    unsigned bits = 0;

    for (unsigned i = 0; i < 4; i++) {
        int value = i < 4 - pad ? base64_value((unsigned char)text[i]) : 0;

        bad |= value;
        bits = bits << 6 | ((unsigned)value & 63);
    }
    for (unsigned i = 0; i < 3 - pad; i++)
        out[i] = (uint8_t)(bits >> (16 - 8 * i));
    /* bits beyond the last byte must be zero, or one value would have several texts */
    bad |= -(int)((bits & ((1U << (8 * pad)) - 1)) != 0);
    return bad;
}

/* How many of the last digits are '='; `len` is at least 4. */
static unsigned
base64_padding(const char *text, size_t len)
{
    char last[2] = {text[len - 2], text[len - 1]};

    MEM_DEFINE(last, sizeof last); /* the length of what is encoded is public */
    if (last[1] != '=')
        return 0;
    return last[0] == '=' ? 2 : 1;
}

bool
base64_decode(uint8_t *out, size_t cap, size_t *out_len, const char *text, size_t text_len)
{
    size_t groups = text_len % 4 == 0 ? text_len / 4 : 0;
    unsigned pad = groups > 0 ? base64_padding(text, text_len) : 0;
    size_t len = groups * 3 - pad;
    int bad = text_len % 4 == 0 && len <= cap ? 0 : -1;

    if (bad == 0)
        for (size_t i = 0; i < groups; i++)
            bad |= base64_group(out + 3 * i, text + 4 * i, i + 1 == groups ? pad : 0);
    MEM_DEFINE(&bad, sizeof bad); /* whether the text is valid is public */
    if (bad < 0) {
        secret_wipe_bytes(out, cap);
        return false;
    }
    *out_len = len;
    return true;
}
