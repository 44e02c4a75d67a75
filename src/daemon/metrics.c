/* see metrics.h: how it is written; what, is in metrics_table.c */
#include "daemon/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/metrics_inner.h"

#define OPEN_NAME "application/openmetrics-text"

bool
metrics_wants_open(const char *accept)
{
    return strcasestr(accept, OPEN_NAME) != NULL;
}

int64_t
metrics_number(const json_t *object, const char *member)
{
    return (int64_t)json_integer_value(json_object_get(object, member));
}

static void
print_label(FILE *out, const char *name, const char *text)
{
    (void)fprintf(out, "%s=\"", name); /* ferror() tells */
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            (void)fputs("\\n", out);
        else if (*text == '\\' || *text == '"')
            (void)fprintf(out, "\\%c", *text);
        else
            (void)fputc(*text, out);
    }
    (void)fputc('"', out);
}

static const char *
suffix_of(const struct metric *metric)
{
    switch (metric->type) {
    case METRICS_COUNTER: return "_total";
    case METRICS_INFO: return "_info";
    case METRICS_GAUGE: return "";
    }
    return "";
}

void
metrics_sample(const struct metrics_pen *pen, const json_t *keyset, const char *label,
               const char *text, int64_t value)
{
    const char *name = json_string_value(json_object_get(keyset, "name"));

    (void)fprintf(pen->out, "%s%s", pen->metric->name, suffix_of(pen->metric));
    if (name != NULL || label != NULL) {
        (void)fputc('{', pen->out);
        if (name != NULL)
            print_label(pen->out, "keyset", name);
        if (label != NULL) {
            (void)fputs(name != NULL ? "," : "", pen->out);
            print_label(pen->out, label, text);
        }
        (void)fputc('}', pen->out);
    }
    (void)fprintf(pen->out, " %lld\n", (long long)value);
}

/* The older format knows no info, and has the names of samples in its heads. */
static void
print_head(const struct metrics_pen *pen)
{
    static const char *const types[] = {
        [METRICS_GAUGE] = "gauge", [METRICS_COUNTER] = "counter", [METRICS_INFO] = "info"};
    const struct metric *metric = pen->metric;
    const char *suffix = pen->is_open ? "" : suffix_of(metric), *type = types[metric->type];

    if (!pen->is_open && metric->type == METRICS_INFO)
        type = "gauge";
    (void)fprintf(pen->out, "# TYPE %s%s %s\n", metric->name, suffix, type);
    if (pen->is_open && metric->unit[0] != '\0')
        (void)fprintf(pen->out, "# UNIT %s %s\n", metric->name, metric->unit);
    (void)fprintf(pen->out, "# HELP %s%s %s\n", metric->name, suffix, metric->help);
}

static void
print_keyset(const struct metrics_pen *pen, const json_t *keyset, const json_t *keys)
{
    const struct metric *metric = pen->metric;
    const json_t *object =
        metric->object == NULL ? keyset : json_object_get(keyset, metric->object);

    if (metric->print != NULL)
        metric->print(pen, keyset, keys);
    else if (json_is_integer(json_object_get(object, metric->member)))
        metrics_sample(pen, keyset, NULL, NULL, metrics_number(object, metric->member));
}

static void
print_metric(const struct metrics_pen *pen, json_t *const keys[])
{
    size_t i;
    const json_t *keyset;

    print_head(pen);
    if (pen->metric->is_whole) {
        pen->metric->print(pen, NULL, NULL);
        return;
    }
    json_array_foreach(json_object_get(pen->status, "keysets"), i, keyset)
    {
        print_keyset(pen, keyset, keys[i]);
    }
}

char *
metrics_text(const json_t *status, json_t *const keys[], const struct metrics_host *host,
             bool is_open)
{
    char *text = NULL;
    size_t len = 0;
    struct metrics_pen pen = {.is_open = is_open, .status = status, .host = host};
    bool ok;

    pen.out = open_memstream(&text, &len);
    if (pen.out == NULL)
        return NULL;
    for (pen.metric = metrics_table; pen.metric->name != NULL; pen.metric++)
        print_metric(&pen, keys);
    if (is_open)
        (void)fputs("# EOF\n", pen.out); /* ferror() tells */
    ok = ferror(pen.out) == 0;
    if (fclose(pen.out) == 0 && ok)
        return text;
    free(text);
    return NULL;
}
