/* text.h - times, spans and foreign text, as people read them. Pure, but for the time zone. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define TEXT_MAX 48

/* Copy, cut to size - 1 bytes between characters, with control characters (of ASCII, and U+0080 to
 * U+009F) replaced by '?'. `text` is UTF-8. Returns `out`. */
char *text_clean(char *out, size_t size, const char *text);

/* How long, exactly: "12h", "1h 30m", "7d", "0s". Returns `out`. */
char *text_span(char out[TEXT_MAX], uint64_t seconds);

/* From `now` to `at`, in one unit: "now", "in 12m", "3h ago". Returns `out`. */
char *text_relative(char out[TEXT_MAX], uint64_t at, uint64_t now);

/* Local time: "14:05:00", or "2026-11-22 14:05" where that is not the day of `now`. */
char *text_clock(char out[TEXT_MAX], uint64_t at, uint64_t now);

/* Both: "14:05:00 (in 12m)". */
char *text_when(char out[TEXT_MAX], uint64_t at, uint64_t now);

#endif
