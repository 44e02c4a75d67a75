/* page.h - the status page: what stekd tells of itself, as one page of HTML. Pure.
 *
 * It needs no script, loads nothing, and takes no orders; it asks to be read again now and then.
 *
 *   R-PAGE-1: text from elsewhere (names of programs, paths, errors) is text in it, never markup.
 *   R-PAGE-2: whatever is wrong stands in its title and before everything else, in words. */
#ifndef DAEMON_PAGE_H
#define DAEMON_PAGE_H

#include <jansson.h>

#define PAGE_TYPE "text/html; charset=utf-8"

#define PAGE_KEYS_MAX 30U /* of a keyset: the newest are drawn, the others counted */

#define PAGE_HOSTS_MAX 30U /* of a farm: those that need somebody first, the others counted */

/* From the answers to GET /v1/status and, one a keyset in the order of the status, GET /v1/keys
 * (NULL: without its timeline), of which the first PAGE_KEYS_MAX suffice, and GET /v1/fleet (NULL:
 * without its hosts), of which the first PAGE_HOSTS_MAX do. To be freed; NULL where there is no
 * memory. */
char *page_html(const json_t *status, json_t *const keys[], json_t *const fleets[]);

#define PAGE_SVG_TYPE "image/svg+xml; charset=utf-8"

/* The timeline alone, of an answer to GET /v1/keys, in which `older` keys are not. The same. */
char *page_svg(const json_t *keys, size_t older);

#endif
