/* see page_inner.h: numbers, times and text from elsewhere */
#include <string.h>

#include "control/timeline.h"
#include "daemon/page_inner.h"

#define MINUTE UINT64_C(60)
#define HOUR UINT64_C(3600)
#define DAY UINT64_C(86400)
#define LLU(number) ((unsigned long long)(number))

void
page_escape(FILE *out, const char *text)
{
    static const char special[] = "<>&\"'";

    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte < 0x20 || byte == 0x7f) /* no place in HTML */
            (void)fputc('?', out);       /* ferror() tells */
        else if (strchr(special, *text) != NULL)
            (void)fprintf(out, "&#%u;", byte);
        else
            (void)fputc(*text, out);
    }
}

char *
page_number(char out[PAGE_TEXT], uint64_t number)
{
    char digits[PAGE_TEXT];
    int len = snprintf(digits, sizeof digits, "%llu", LLU(number)); /* 20 digits and 6 commas fit */
    char *at = out;

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            *at++ = ',';
        *at++ = digits[i];
    }
    *at = '\0';
    return out;
}

char *
page_span(char out[PAGE_TEXT], uint64_t seconds)
{
    static const struct {
        uint64_t seconds;
        const char *unit;
    } units[] = {{DAY, "d"}, {HOUR, "h"}, {MINUTE, "min"}, {1, "s"}};
    size_t i = 0;
    uint64_t count, rest;

    while (i < 3 && seconds < units[i].seconds)
        i++;
    count = seconds / units[i].seconds;
    rest = i < 2 ? seconds % units[i].seconds / units[i + 1].seconds : 0;
    if (rest > 0)
        (void)snprintf(out, PAGE_TEXT, "%llu %s %llu %s", LLU(count), units[i].unit, LLU(rest),
                       units[i + 1].unit); /* fits */
    else
        (void)snprintf(out, PAGE_TEXT, "%llu %s", LLU(count), units[i].unit);
    return out;
}

/* In thousandths; without overflow also for what other programs counted. */
static unsigned
thousandths(uint64_t part, uint64_t whole)
{
    while (whole > UINT64_MAX / 2000) {
        whole /= 2;
        part /= 2;
    }
    if (whole == 0)
        return 0;
    return part >= whole ? 1000 : (unsigned)((part * 1000 + whole / 2) / whole);
}

char *
page_share(char out[PAGE_TEXT], uint64_t part, uint64_t whole)
{
    unsigned share = thousandths(part, whole);

    if (part < whole && share == 1000) /* no loss is rounded away */
        share = 999;
    if (whole == 0)
        (void)snprintf(out, PAGE_TEXT, "–"); /* all fit */
    else if (share == 1000)
        (void)snprintf(out, PAGE_TEXT, "100 %%");
    else
        (void)snprintf(out, PAGE_TEXT, "%u.%u %%", share / 10, share % 10);
    return out;
}

char *
page_time(char out[PAGE_TEXT], uint64_t at, uint64_t now)
{
    char clock[TIMELINE_TEXT];

    (void)timeline_clock(clock, at);
    if (at / DAY == now / DAY)
        (void)snprintf(out, PAGE_TEXT, "%s", clock + 11); /* both fit */
    else
        (void)snprintf(out, PAGE_TEXT, "%.16s", clock);
    return out;
}

void
page_bar(FILE *out, const char *kind, uint64_t part, uint64_t whole)
{
    unsigned share = thousandths(part, whole);

    if (part > 0 && share < 8) /* what is there is seen */
        share = 8;
    (void)fprintf(out,
                  "<span class=\"bar\"><span class=\"%s\" style=\"width:%u.%u%%\"></span></span>",
                  kind, share / 10, share % 10); /* ferror() tells */
}

uint64_t
page_count(const json_t *object, const char *member)
{
    json_int_t number = json_integer_value(json_object_get(object, member));

    return number > 0 ? (uint64_t)number : 0;
}

const char *
page_word(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text != NULL ? text : "";
}

uint64_t
page_opened(const json_t *counters)
{
    return page_count(counters, "opened");
}

uint64_t
page_full(const json_t *counters)
{
    return page_count(counters, "full_unknown") + page_count(counters, "full_expired") +
           page_count(counters, "full_revoked") + page_count(counters, "full_context");
}

const char *
page_trouble(const json_t *keyset)
{
    const char *error = page_word(keyset, "last_error");
    const json_t *farm = json_object_get(keyset, "farm");

    if (error[0] != '\0')
        return error;
    if (!json_is_object(json_object_get(keyset, "sealing")))
        return "no key seals now: servers give no tickets, and handshakes are full";
    return json_is_false(json_object_get(farm, "well")) ? page_word(farm, "text") : NULL;
}
