/* see page.h: the frame of the page, and what is said of stekd as a whole */
#include "daemon/page.h"

#include <stdlib.h>

#include "control/timeline.h"
#include "daemon/page_inner.h"

#define REFRESH_S 30
#define OVERVIEW_AT 2U /* from so many keysets on */
#define LLU(number) ((unsigned long long)(number))

static size_t
count_troubles(const json_t *keysets)
{
    size_t count = 0, i;
    const json_t *keyset;

    json_array_foreach(keysets, i, keyset)
    {
        count += page_trouble(keyset) != NULL;
    }
    return count;
}

/* "all is well", or what is not. */
static void
print_verdict(FILE *out, const json_t *keysets)
{
    size_t troubles = count_troubles(keysets), count = json_array_size(keysets);

    if (count == 0)
        (void)fputs("no keyset is configured", out); /* ferror() tells */
    else if (troubles == 0)
        (void)fputs("all is well", out);
    else
        (void)fprintf(out, "%zu of %zu keyset%s %s in trouble", troubles, count,
                      count == 1 ? "" : "s", troubles == 1 ? "is" : "are");
}

static void
print_head(FILE *out, const json_t *keysets)
{
    (void)fprintf(out,
                  "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"color-scheme\" content=\"light dark\">\n"
                  "<meta name=\"robots\" content=\"noindex\">\n"
                  "<meta http-equiv=\"refresh\" content=\"%d\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                  "style-src 'unsafe-inline'; img-src data:\">\n"
                  "<link rel=\"icon\" href=\"data:,\">\n<title>stek: ",
                  REFRESH_S); /* ferror() tells */
    print_verdict(out, keysets);
    (void)fprintf(out, "</title>\n<style>\n%s%s</style>\n</head>\n<body>\n", timeline_css,
                  page_style);
}

static void
print_facts(FILE *out, const json_t *status)
{
    uint64_t now = page_count(status, "now"), started = page_count(status, "started");
    const char *config = page_word(status, "config");
    char clock[TIMELINE_TEXT], span[PAGE_TEXT];

    (void)fputs("<p class=\"facts\">stekd ", out); /* ferror() tells */
    page_escape(out, page_word(status, "version"));
    (void)fprintf(out, ", process %llu, for %s, ", LLU(page_count(status, "pid")),
                  page_span(span, now > started ? now - started : 0));
    if (config[0] != '\0') {
        (void)fputs("by <code>", out);
        page_escape(out, config);
        (void)fputs("</code>", out);
    } else {
        (void)fputs("by its built-in configuration", out);
    }
    (void)fprintf(out, "<br>as of <strong>%s</strong> UTC</p>\n</header>\n",
                  timeline_clock(clock, now));
}

static void
print_header(FILE *out, const json_t *status, const json_t *keysets)
{
    bool is_well = count_troubles(keysets) == 0 && json_array_size(keysets) > 0;
    size_t i;
    const json_t *keyset;

    (void)fprintf(out, "<header>\n<h1>stek <span class=\"verdict %s\">",
                  is_well ? "good" : "bad"); /* ferror() tells */
    print_verdict(out, keysets);
    (void)fputs("</span></h1>\n", out);
    print_facts(out, status);
    json_array_foreach(keysets, i, keyset)
    {
        const char *trouble = page_trouble(keyset);

        if (trouble == NULL)
            continue;
        (void)fprintf(out, "<p class=\"trouble\" role=\"alert\"><a href=\"#%s\">%s</a>: ",
                      page_word(keyset, "name"), page_word(keyset, "name"));
        page_escape(out, trouble);
        (void)fputs("</p>\n", out);
    }
}

/* ---- where there are several ---- */

static void
print_line(FILE *out, const json_t *keyset, uint64_t now)
{
    const json_t *counters = json_object_get(keyset, "counters");
    const json_t *next = json_object_get(keyset, "next");
    uint64_t opened = page_opened(counters), from = page_count(next, "seals_from");
    const char *name = page_word(keyset, "name");
    const char *sealing = page_word(json_object_get(keyset, "sealing"), "name");
    char text[PAGE_TEXT];

    (void)fprintf(out,
                  "<tr><th scope=\"row\"><a href=\"#%s\">%s</a></th><td class=\"%s\">%s</td>"
                  "<td><code>%.8s</code></td>",
                  name, name, page_trouble(keyset) == NULL ? "good" : "bad",
                  page_trouble(keyset) == NULL ? "well" : "in trouble",
                  sealing[0] != '\0' ? sealing : "none"); /* ferror() tells */
    (void)fprintf(out, "<td class=\"n\">%s</td>", from > now ? page_span(text, from - now) : "–");
    (void)fprintf(out, "<td class=\"n\">%zu</td>",
                  json_array_size(json_object_get(keyset, "servers")));
    (void)fprintf(out, "<td class=\"n\">%s</td><td class=\"wide\">",
                  page_share(text, opened, opened + page_full(counters)));
    page_bar(out, "good", opened, opened + page_full(counters));
    (void)fputs("</td></tr>\n", out);
}

static void
print_overview(FILE *out, const json_t *keysets, uint64_t now)
{
    size_t i;
    const json_t *keyset;

    if (json_array_size(keysets) < OVERVIEW_AT)
        return;
    (void)fputs(
        "<section class=\"card\" aria-label=\"All keysets\">\n<div class=\"scroll\"><table>"
        "<thead><tr><th scope=\"col\">Keyset</th><th scope=\"col\">State</th>"
        "<th scope=\"col\">Sealing key</th><th scope=\"col\" class=\"n\">Next in</th>"
        "<th scope=\"col\" class=\"n\">Servers</th><th scope=\"col\" class=\"n\">Resumed</th>"
        "<td class=\"wide\"></td></tr></thead>\n<tbody>\n",
        out); /* ferror() tells */
    json_array_foreach(keysets, i, keyset)
    {
        print_line(out, keyset, now);
    }
    (void)fputs("</tbody></table></div>\n</section>\n", out);
}

static bool
print_page(FILE *out, const json_t *status, json_t *const keys[], json_t *const fleets[])
{
    const json_t *keysets = json_object_get(status, "keysets");
    uint64_t now = page_count(status, "now");
    bool ok = true;
    size_t i;
    const json_t *keyset;

    print_head(out, keysets);
    print_header(out, status, keysets);
    (void)fputs("<main>\n", out); /* ferror() tells */
    print_overview(out, keysets, now);
    json_array_foreach(keysets, i, keyset)
    {
        const struct page_answers answers = {keyset, keys[i], fleets[i]};

        ok = ok && page_keyset(out, &answers, now, json_array_size(keysets) == 1);
    }
    (void)fprintf(out,
                  "</main>\n<footer>Key names are public; no secret is on this page. It is read "
                  "again every %d seconds.</footer>\n</body>\n</html>\n",
                  REFRESH_S);
    return ok && ferror(out) == 0;
}

char *
page_html(const json_t *status, json_t *const keys[], json_t *const fleets[])
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    bool ok = out != NULL && print_page(out, status, keys, fleets);

    if (out != NULL && fclose(out) == 0 && ok)
        return text;
    free(text);
    return NULL;
}

char *
page_svg(const json_t *keys, size_t older)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    bool ok = out != NULL && page_print_timeline(out, keys, older, false) && ferror(out) == 0;

    if (out != NULL && fclose(out) == 0 && ok)
        return text;
    free(text);
    return NULL;
}
