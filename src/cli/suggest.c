/* see suggest.h: the distance is that of Damerau and Levenshtein, without overlaps */
#include "cli/suggest.h"

#include <string.h>

#define WORD_MAX 32U

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
    unsigned low = a < b ? a : b;

    return low < c ? low : c;
}

/* Both are shorter than WORD_MAX. */
static unsigned
distance(const char *a, const char *b)
{
    unsigned cost[WORD_MAX + 1][WORD_MAX + 1]; /* from the first i letters to the first j */
    size_t a_len = strlen(a), b_len = strlen(b);

    for (size_t i = 0; i <= a_len; i++)
        cost[i][0] = (unsigned)i;
    for (size_t j = 0; j <= b_len; j++)
        cost[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_len; i++) {
        for (size_t j = 1; j <= b_len; j++) {
            unsigned wrong = a[i - 1] != b[j - 1];

            cost[i][j] = least(cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + wrong);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                cost[i - 2][j - 2] + 1 < cost[i][j])
                cost[i][j] = cost[i - 2][j - 2] + 1;
        }
    }
    return cost[a_len][b_len];
}

/* NULL where none or several begin so. */
static const char *
find_beginning(const char *typed, const char *const words[], size_t count)
{
    const char *found = NULL;
    size_t len = strlen(typed);

    for (size_t i = 0; i < count; i++) {
        if (strncmp(words[i], typed, len) != 0)
            continue;
        if (found != NULL)
            return NULL;
        found = words[i];
    }
    return found;
}

const char *
suggest(const char *typed, const char *const words[], size_t count)
{
    size_t len = strlen(typed);
    unsigned best = (unsigned)(len + 2) / 3 + 1;
    const char *found;

    if (len == 0 || len >= WORD_MAX)
        return NULL;
    found = find_beginning(typed, words, count);
    if (found != NULL)
        return found;
    for (size_t i = 0; i < count; i++) {
        unsigned apart = strlen(words[i]) < WORD_MAX ? distance(typed, words[i]) : best;

        if (apart < best) {
            best = apart;
            found = words[i];
        }
    }
    return found;
}
