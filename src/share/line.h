/* line.h - bytes as one line of text, for people to copy: WORD:BASE64.
 *
 * The word says what it is, and its version. Base64 (RFC 4648) stands for the bytes and 4 bytes of
 * check over word and bytes, so that a line that was damaged on its way is told from a wrong one.
 * In front of the line there may be lines that begin with '#'; white space counts nowhere, since
 * terminals and mail break long lines. */
#ifndef SHARE_LINE_H
#define SHARE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"

#define LINE_BYTES_MAX 512U
#define LINE_TEXT_MAX 4096U

/* The line without its end, in an empty `out`; no NUL. False if libcrypto or memory failed, or
 * there is too much. */
bool line_write(struct secret_buf *out, const char *word, const uint8_t *bytes, size_t len,
                struct err *err);

/* A file of such a line behind a comment, in an empty `out`. */
bool line_file(struct secret_buf *out, const char *comment, const char *word, const uint8_t *bytes,
               size_t len, struct err *err);

/* The bytes of a line with this word, in an empty `out`, which stays empty on failure. */
bool line_read(struct secret_buf *out, const char *word, const char *text, size_t len,
               struct err *err);

#endif
