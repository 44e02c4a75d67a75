/* page_inner.h - between the parts of the status page. What fails to be written, ferror() tells. */
#ifndef DAEMON_PAGE_INNER_H
#define DAEMON_PAGE_INNER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define PAGE_TEXT 48 /* room for a number, a time or a span */

extern const char *const page_style;

/* ---- text ---- */

/* Text for between tags and within quotes. */
void page_escape(FILE *out, const char *text);

/* "1,234,567", "2 h 5 min", "98.5 %" (of `whole`; a dash where that is 0), "14:05:10" or, on
 * another day than `now`, "2026-11-22 14:05". */
char *page_number(char out[PAGE_TEXT], uint64_t number);
char *page_span(char out[PAGE_TEXT], uint64_t seconds);
char *page_share(char out[PAGE_TEXT], uint64_t part, uint64_t whole);
char *page_time(char out[PAGE_TEXT], uint64_t at, uint64_t now);

/* A bar as long as `part` is of `whole`; `kind` is a class of the style. */
void page_bar(FILE *out, const char *kind, uint64_t part, uint64_t whole);

/* ---- members of the answers; 0 and "" where there is none ---- */

uint64_t page_count(const json_t *object, const char *member);
const char *page_word(const json_t *object, const char *member);

/* Tickets that came back, of `counters`: those that opened, and those that did not. */
uint64_t page_opened(const json_t *counters);
uint64_t page_full(const json_t *counters);

/* What is wrong with a keyset, in words; NULL if nothing is. */
const char *page_trouble(const json_t *keyset);

/* ---- parts ---- */

/* The answers of one keyset. */
struct page_answers {
    const json_t *keyset; /* of the status */
    const json_t *keys, *fleet;
};

/* All of a keyset, of several unless `is_only`; false where there is no memory. */
bool page_keyset(FILE *out, const struct page_answers *answers, uint64_t now, bool is_only);

/* The hosts that share it, if it is shared; `told` is what was said to be wrong, or NULL. */
void page_fleet(FILE *out, const json_t *fleet, const char *told);

/* An answer to GET /v1/keys as SVG, on its own or for within the page; `older` keys are not in it.
 * The same. */
bool page_print_timeline(FILE *out, const json_t *answer, size_t older, bool is_inline);

#endif
