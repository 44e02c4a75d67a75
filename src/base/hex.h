/* hex.h - hex and base64 (RFC 4648) in constant time: no table is indexed by, and no branch taken
 * on, the bytes that are encoded; decoding reveals only whether the text is valid. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEX_LEN(n) ((n)*2 + 1)                /* text and its NUL for n bytes */
#define BASE64_LEN(n) (((n) + 2) / 3 * 4 + 1) /* the same, padded */

/* Lower-case; `out` takes HEX_LEN(len). Returns `out`. */
char *hex_encode(char *out, const uint8_t *in, size_t len);

/* Exactly `len` bytes from 2 * len digits of either case; false, with `out` wiped, if `text_len`
 * or a digit is wrong. */
bool hex_decode(uint8_t *out, size_t len, const char *text, size_t text_len);

/* `out` takes BASE64_LEN(len). Returns `out`. */
char *base64_encode(char *out, const uint8_t *in, size_t len);

/* Strict: canonical padding, no white space. False, with `out` wiped, for anything else or for
 * more than `cap` bytes. */
bool base64_decode(uint8_t *out, size_t cap, size_t *out_len, const char *text, size_t text_len);

#endif
