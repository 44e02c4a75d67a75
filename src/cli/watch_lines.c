/* see watch.h: for logs and pipes */
#include "cli/text.h"
#include "cli/watch.h"

#define SHORT_NAME 8

void
watch_lines(FILE *out, const struct watch_view *view)
{
    const struct reply_status *status = view->status;

    for (size_t i = 0; i < status->count; i++) {
        const struct reply_keyset *set = &status->keysets[i];
        struct watch_rates rates = watch_rates_of(view, set);
        char clock[TEXT_MAX], next[TEXT_MAX], sealed[WATCH_RATE], opened[WATCH_RATE],
            full[WATCH_RATE];
        bool has_next = set->next.name[0] != '\0';

        (void)fprintf(
            out, "%s %s: sealing %.*s, next %s, sealed %s, opened %s, full %s, servers %zu",
            text_clock(clock, status->now, status->now), set->name, SHORT_NAME,
            set->sealing.name[0] != '\0' ? set->sealing.name : "none",
            has_next ? text_relative(next, set->next.seals_from, status->now) : "none",
            watch_rate(sealed, &rates, rates.sealed), watch_rate(opened, &rates, rates.opened),
            watch_rate(full, &rates, rates.full), set->server_count); /* ferror() */
        (void)fprintf(out, "%s%s\n", reply_trouble(set)[0] != '\0' ? ", error: " : "",
                      reply_trouble(set));
    }
}
