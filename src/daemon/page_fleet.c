/* see page_inner.h: the hosts that share a keyset */
#include <string.h>

#include "control/control.h"
#include "control/farm_line.h"
#include "daemon/page.h"
#include "daemon/page_inner.h"

static void
print_cell(FILE *out, const char *kind, const char *text)
{
    (void)fprintf(out, "<td%s%s%s>", kind[0] != '\0' ? " class=\"" : "", kind,
                  kind[0] != '\0' ? "\"" : ""); /* ferror() tells */
    page_escape(out, text);
    (void)fputs("</td>", out);
}

static void
print_difference(FILE *out, const json_t *host)
{
    uint64_t missing = page_count(host, "missing"), extra = page_count(host, "extra");
    bool is_pending = json_is_true(json_object_get(host, "pending"));
    char text[2 * PAGE_TEXT + 16], few[PAGE_TEXT], more[PAGE_TEXT];

    if (json_is_true(json_object_get(host, "agrees")))
        (void)snprintf(text, sizeof text, "the same"); /* all fit */
    else if (missing > 0 && extra > 0)
        (void)snprintf(text, sizeof text, "%s less, %s more", page_number(few, missing),
                       page_number(more, extra));
    else if (missing > 0 || extra > 0)
        (void)snprintf(text, sizeof text, "%s %s", page_number(few, missing + extra),
                       missing > 0 ? "less" : "more");
    else
        (void)snprintf(text, sizeof text, "others");
    print_cell(out, json_is_true(json_object_get(host, "agrees")) || is_pending ? "" : "bad", text);
}

static void
print_clock(FILE *out, const json_t *host)
{
    json_int_t ahead_ms = json_integer_value(json_object_get(host, "clock_ms"));
    bool is_odd = json_is_true(json_object_get(host, "clock_odd"));
    char text[FARM_LINE_SPAN + 8], span[FARM_LINE_SPAN];

    if (!json_is_integer(json_object_get(host, "clock_ms")))
        (void)snprintf(text, sizeof text, "–"); /* all fit */
    else if (ahead_ms == 0)
        (void)snprintf(text, sizeof text, "the same");
    else
        (void)snprintf(text, sizeof text, "%s%s", ahead_ms < 0 ? "−" : "+",
                       farm_line_span(span, (uint64_t)(ahead_ms < 0 ? -ahead_ms : ahead_ms)));
    print_cell(out, is_odd ? "n bad" : "n", text);
}

static void
print_engines_of(FILE *out, const json_t *engines)
{
    const json_t *engine;
    size_t i;

    (void)fputs("<td>", out); /* ferror() tells */
    json_array_foreach(engines, i, engine)
    {
        (void)fputs(i > 0 ? ", " : "", out);
        page_escape(out, json_string_value(engine) != NULL ? json_string_value(engine) : "");
    }
    (void)fputs("</td></tr>\n", out);
}

static void
print_host(FILE *out, const json_t *host)
{
    const char *state = page_word(host, "state");
    bool is_self = json_is_true(json_object_get(host, "self"));
    char text[PAGE_TEXT], span[FARM_LINE_SPAN];

    (void)fputs("<tr><th scope=\"row\">", out); /* ferror() tells */
    page_escape(out, page_word(host, "name"));
    (void)fputs(is_self ? " (this host)</th>" : "</th>", out);
    print_cell(out, strcmp(state, control_host_text(CONTROL_SILENT)) == 0 ? "bad" : "", state);
    print_cell(out, "n", is_self ? "–" : farm_line_span(span, page_count(host, "heard_ms")));
    print_cell(out, "n", page_number(text, page_count(host, "keys")));
    print_difference(out, host);
    print_clock(out, host);
    print_cell(out, "", page_word(host, "version"));
    print_engines_of(out, json_object_get(host, "engines"));
}

static void
print_hosts(FILE *out, const json_t *hosts, uint64_t all)
{
    char text[PAGE_TEXT];
    const json_t *host;
    size_t i;

    if (json_array_size(hosts) == 0)
        return;
    (void)fputs("<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Host</th>"
                "<th scope=\"col\">State</th><th scope=\"col\" class=\"n\">Heard of</th>"
                "<th scope=\"col\" class=\"n\">Keys</th><th scope=\"col\">These are</th>"
                "<th scope=\"col\" class=\"n\">Clock</th><th scope=\"col\">Version</th>"
                "<th scope=\"col\">By</th></tr></thead>\n<tbody>\n",
                out); /* ferror() tells */
    json_array_foreach(hosts, i, host)
    {
        if (i < PAGE_HOSTS_MAX)
            print_host(out, host);
    }
    (void)fputs("</tbody></table></div>\n", out);
    if (all > PAGE_HOSTS_MAX)
        (void)fprintf(out, "<p>and %s more: stekctl fleet lists them</p>\n",
                      page_number(text, all - PAGE_HOSTS_MAX));
}

static void
print_engines(FILE *out, const json_t *engines)
{
    char span[PAGE_TEXT];
    const json_t *engine;
    size_t i;

    (void)fputs("<p class=\"facts\">Keys come and go by ", out); /* ferror() tells */
    json_array_foreach(engines, i, engine)
    {
        bool is_well = json_is_true(json_object_get(engine, "well"));

        (void)fprintf(out, "%s<code>", i > 0 ? "; " : "");
        page_escape(out, page_word(engine, "name"));
        (void)fprintf(out, "</code>, <span class=\"%s\">", is_well ? "good" : "bad");
        page_escape(out, page_word(engine, "text"));
        (void)fprintf(out, "</span> for %s", page_span(span, page_count(engine, "for")));
    }
    (void)fputs(".</p>\n", out);
}

void
page_fleet(FILE *out, const json_t *fleet, const char *told)
{
    const json_t *farm = json_object_get(fleet, "farm");

    if (!json_is_object(farm))
        return;
    (void)fputs("<h3>Hosts</h3>\n", out); /* ferror() tells */
    if (told == NULL || strcmp(told, page_word(farm, "text")) != 0) {
        (void)fprintf(out, "<p class=\"%s\">",
                      json_is_true(json_object_get(farm, "well")) ? "good" : "bad");
        page_escape(out, page_word(farm, "text"));
        (void)fputs("</p>\n", out);
    }
    print_hosts(out, json_object_get(fleet, "hosts"), page_count(farm, "hosts"));
    if (json_array_size(json_object_get(farm, "engines")) > 0)
        print_engines(out, json_object_get(farm, "engines"));
}
