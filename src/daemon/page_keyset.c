/* see page_inner.h: what the page says of one keyset */
#include <stdlib.h>
#include <string.h>

#include "control/timeline.h"
#include "daemon/page.h"
#include "daemon/page_inner.h"

#define TICKS_MAX 10U
#define SERVERS_MAX 50U

/* ---- at a glance ---- */

static void
begin_tile(FILE *out, const char *label)
{
    (void)fprintf(out, "<div class=\"tile\"><dt>%s</dt><dd>", label); /* ferror() tells */
}

static void
print_turns(FILE *out, const json_t *keyset, uint64_t now)
{
    const json_t *sealing = json_object_get(keyset, "sealing"), *next;
    uint64_t since = page_count(sealing, "since"), until = page_count(sealing, "until"), from;
    char span[PAGE_TEXT], time[PAGE_TEXT];

    next = json_object_get(keyset, "next");
    from = page_count(next, "seals_from");
    begin_tile(out, "Sealing key");
    if (json_is_object(sealing)) {
        (void)fprintf(out, "<code>%.8s</code><small>for %s, since %s</small>",
                      page_word(sealing, "name"), page_span(span, now > since ? now - since : 0),
                      page_time(time, since, now)); /* ferror() tells */
        page_bar(out, "good", now > since ? now - since : 0, until > since ? until - since : 0);
    } else {
        (void)fputs("<span class=\"bad\">none</span><small>no tickets are given</small>", out);
    }
    (void)fputs("</dd></div>\n", out);
    begin_tile(out, "Next key");
    if (json_is_object(next))
        (void)fprintf(out, "in %s<small><code>%.8s</code> at %s</small>",
                      page_span(span, from > now ? from - now : 0), page_word(next, "name"),
                      page_time(time, from, now));
    else
        (void)fputs("none yet<small>it is made in time</small>", out);
    (void)fputs("</dd></div>\n", out);
}

static void
print_tiles(FILE *out, const json_t *keyset, uint64_t now)
{
    const json_t *counters = json_object_get(keyset, "counters");
    const json_t *states = json_object_get(keyset, "keys");
    uint64_t opened = page_opened(counters), came = opened + page_full(counters);
    size_t servers = json_array_size(json_object_get(keyset, "servers"));
    char text[PAGE_TEXT];

    (void)fputs("<dl class=\"tiles\">\n", out); /* ferror() tells */
    print_turns(out, keyset, now);
    begin_tile(out, "Resumed");
    (void)fprintf(out, "%s", page_share(text, opened, came));
    (void)fprintf(out, "<small>of %s %s</small>", page_number(text, came),
                  came == 1 ? "ticket" : "tickets");
    page_bar(out, "good", opened, came);
    (void)fputs("</dd></div>\n", out);
    begin_tile(out, "Servers");
    (void)fprintf(out, "%zu<small>%s keys that open", servers,
                  page_number(text, page_count(states, "coming") + page_count(states, "sealing") +
                                        page_count(states, "opening")));
    if (page_count(states, "revoked") > 0)
        (void)fprintf(out, ", %s revoked", page_number(text, page_count(states, "revoked")));
    (void)fputs("</small></dd></div>\n</dl>\n", out);
}

/* ---- keys over time ---- */

static void
read_key(struct timeline_key *key, const json_t *from)
{
    *key = (struct timeline_key){.made = page_count(from, "made_ms") / 1000,
                                 .seals_from = page_count(from, "seals_from"),
                                 .seals_until = page_count(from, "seals_until"),
                                 .opens_until = page_count(from, "opens_until"),
                                 .sealed = page_count(from, "sealed"),
                                 .opened = page_count(from, "opened"),
                                 .is_emergency = json_is_true(json_object_get(from, "emergency"))};
    (void)snprintf(key->name, sizeof key->name, "%s", page_word(from, "name")); /* fits */
    (void)control_state_parse(&key->state, page_word(from, "state")); /* it is one of ours */
}

/* Keys that the status counts, and that are not in the other answer. */
static size_t
count_older(const json_t *keyset, const json_t *answer)
{
    json_t *states = json_object_get(keyset, "keys"), *state;
    uint64_t count = 0, given = json_array_size(json_object_get(answer, "keys"));
    const char *name;

    json_object_foreach(states, name, state)
    {
        count += page_count(states, name);
    }
    return count > given ? count - given : 0;
}

bool
page_print_timeline(FILE *out, const json_t *answer, size_t older, bool is_inline)
{
    const json_t *keys = json_object_get(answer, "keys"), *key;
    const struct timeline_order order = {.keyset = page_word(answer, "keyset"),
                                         .now = page_count(answer, "now"),
                                         .rows_max = PAGE_KEYS_MAX,
                                         .older = older,
                                         .ticks_max = TICKS_MAX};
    struct timeline_key *list = calloc(json_array_size(keys) + 1, sizeof *list);
    bool ok = list != NULL;
    size_t i;
    TIMELINE(timeline);

    for (i = 0; ok && (key = json_array_get(keys, i)) != NULL; i++)
        read_key(&list[i], key);
    ok = ok && timeline_lay(&timeline, &order, list, i);
    free(list);
    if (!ok)
        return false;
    timeline_svg(out, &timeline, is_inline);
    return true;
}

/* ---- tickets ---- */

static void
print_count(FILE *out, const char *label, const char *kind, uint64_t count, uint64_t whole)
{
    char text[PAGE_TEXT];

    (void)fprintf(out, "<tr><th scope=\"row\">%s</th><td class=\"n\">%s</td>", label,
                  page_number(text, count)); /* ferror() tells */
    (void)fprintf(out, "<td class=\"n\">%s</td><td class=\"wide\">",
                  page_share(text, count, whole));
    page_bar(out, kind, count, whole);
    (void)fputs("</td></tr>\n", out);
}

static void
print_tickets(FILE *out, const json_t *counters)
{
    static const struct {
        const char *member, *label;
    } causes[] = {{"full_unknown", "key unknown"},
                  {"full_expired", "key or session expired"},
                  {"full_revoked", "key revoked"},
                  {"full_context", "forged, damaged, or for another host"}};
    uint64_t opened = page_opened(counters), came = opened + page_full(counters);
    uint64_t sealed = page_count(counters, "sealed"), no_key = page_count(counters, "full_no_key");
    uint64_t renewed = page_count(counters, "renewed");

    (void)fputs("<h3>Tickets that came back</h3>\n<div class=\"scroll\"><table class=\"counts\">"
                "<tbody>\n",
                out); /* ferror() tells */
    print_count(out, "resumed", "good", opened, came);
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
        print_count(out, causes[i].label, "bad", page_count(counters, causes[i].member), came);
    (void)fputs("</tbody></table></div>\n</div>\n<div>\n<h3>Tickets given</h3>\n"
                "<div class=\"scroll\"><table class=\"counts\"><tbody>\n",
                out);
    print_count(out, "to new sessions", "good", sealed > renewed ? sealed - renewed : 0,
                sealed + no_key);
    print_count(out, "for an older ticket", "good", renewed, sealed + no_key);
    print_count(out, "none: no key could seal", "bad", no_key, sealed + no_key);
    (void)fputs("</tbody></table></div>\n", out);
}

/* ---- servers ---- */

static void
print_server(FILE *out, const json_t *server, uint64_t now)
{
    const json_t *counters = json_object_get(server, "counters");
    uint64_t opened = page_opened(counters), full = page_full(counters);
    uint64_t started = page_count(server, "started");
    char text[PAGE_TEXT];

    (void)fputs("<tr><th scope=\"row\">", out); /* ferror() tells */
    page_escape(out, page_word(server, "program"));
    (void)fprintf(out, "</th><td class=\"n\">%llu</td>",
                  (unsigned long long)page_count(server, "pid"));
    (void)fprintf(out, "<td class=\"n\">%s</td>",
                  page_span(text, now > started ? now - started : 0));
    (void)fprintf(out, "<td class=\"n\">%s</td>",
                  page_number(text, page_count(counters, "sealed")));
    (void)fprintf(out, "<td class=\"n\">%s</td>", page_number(text, opened));
    (void)fprintf(out, "<td class=\"n\">%s</td>", page_number(text, full));
    (void)fprintf(out, "<td class=\"n\">%s</td></tr>\n", page_share(text, opened, opened + full));
}

static void
print_servers(FILE *out, const json_t *servers, uint64_t now)
{
    size_t count = json_array_size(servers);

    (void)fputs("<h3>Servers</h3>\n", out); /* ferror() tells */
    if (count == 0) {
        (void)fputs("<p>No server has opened the ring.</p>\n", out);
        return;
    }
    (void)fputs("<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Program</th>"
                "<th scope=\"col\" class=\"n\">Process</th><th scope=\"col\" class=\"n\">For</th>"
                "<th scope=\"col\" class=\"n\">Sealed</th><th scope=\"col\" class=\"n\">Opened</th>"
                "<th scope=\"col\" class=\"n\">Full</th><th scope=\"col\" class=\"n\">Resumed</th>"
                "</tr></thead>\n<tbody>\n",
                out);
    for (size_t i = 0; i < count && i < SERVERS_MAX; i++)
        print_server(out, json_array_get(servers, i), now);
    (void)fputs("</tbody></table></div>\n", out);
    if (count > SERVERS_MAX)
        (void)fprintf(out, "<p>and %zu more: stekctl status lists them</p>\n", count - SERVERS_MAX);
}

/* ---- all of it ---- */

static void
print_policy(FILE *out, const json_t *keyset)
{
    const json_t *policy = json_object_get(keyset, "policy");
    char text[PAGE_TEXT];

    (void)fprintf(out, "<p class=\"facts\">A new key seals every %s; ",
                  page_span(text, page_count(policy, "rotate"))); /* ferror() tells */
    (void)fprintf(out, "tickets open for %s, ", page_span(text, page_count(policy, "lifetime")));
    (void)fprintf(out, "renewed ones up to %s after the first handshake. ",
                  page_span(text, page_count(policy, "max_session")));
    (void)fprintf(out, "Ring <code>");
    page_escape(out, page_word(keyset, "ring"));
    (void)fprintf(out, "</code>, generation %s, ",
                  page_number(text, page_count(keyset, "generation")));
    (void)fprintf(out, "room for %s keys; ", page_number(text, page_count(keyset, "capacity")));
    (void)fprintf(out, "since stekd started rotations: %s, ",
                  page_number(text, page_count(keyset, "rotations")));
    (void)fprintf(out, "revocations: %s.</p>\n",
                  page_number(text, page_count(keyset, "revocations")));
}

bool
page_keyset(FILE *out, const struct page_answers *answers, uint64_t now, bool is_only)
{
    const json_t *keyset = answers->keyset, *keys = answers->keys;
    const char *name = page_word(keyset, "name"), *trouble = page_trouble(keyset);

    (void)fprintf(out, "<section class=\"card\" id=\"%s\">\n<h2>%s</h2>\n", name,
                  name);               /* ferror() tells; a keyset's name is no markup */
    if (trouble != NULL && !is_only) { /* the header has told it */
        (void)fputs("<p class=\"trouble\">", out);
        page_escape(out, trouble);
        (void)fputs("</p>\n", out);
    }
    print_tiles(out, keyset, now);
    if (json_array_size(json_object_get(keys, "keys")) > 0) {
        (void)fputs("<h3>Keys over time</h3>\n", out);
        if (!page_print_timeline(out, keys, count_older(keyset, keys), true))
            return false;
    }
    (void)fputs("<div class=\"columns\">\n<div>\n", out);
    print_tickets(out, json_object_get(keyset, "counters"));
    (void)fputs("</div>\n</div>\n", out);
    print_servers(out, json_object_get(keyset, "servers"), now);
    page_fleet(out, answers->fleet, trouble);
    print_policy(out, keyset);
    (void)fputs("</section>\n", out);
    return true;
}
