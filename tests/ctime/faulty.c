/* faulty MISTAKE: handles a secret as nobody should, for ctime_net.sh. `none` makes no mistake. */
#include <stdio.h>
#include <string.h>

#include "base/memcheck.h"
#include "base/secret.h"

static bool
by_branch(const uint8_t *secret)
{
    return secret[3] > 7;
}

static unsigned
by_index(const uint8_t *secret)
{
    static const volatile uint8_t table[256] = {1, 2, 3};

    return table[secret[5]];
}

int
main(int argc, char **argv)
{
    const char *mistake = argc > 1 ? argv[1] : "";
    struct secret a = {{1, 2, 3, 4}}, b = a;
    volatile unsigned sink = 0;

    MEM_UNDEFINE(&a, sizeof a);
    MEM_UNDEFINE(&b, sizeof b);
    if (strcmp(mistake, "none") == 0)
        sink = secret_equal(&a, &b, sizeof a);
    else if (strcmp(mistake, "memcmp") == 0)
        sink = memcmp(&a, &b, sizeof a) == 0 ? 2 : 3;
    else if (strcmp(mistake, "branch") == 0)
        sink = by_branch(a.bytes) && puts("# more") >= 0 ? 2 : 3;
    else if (strcmp(mistake, "index") == 0)
        sink = by_index(a.bytes);
    else if (strcmp(mistake, "wiped") == 0) {
        a = (struct secret){{1}};
        secret_wipe(&a);
        sink = a.bytes[0] == 0 && puts("# read") >= 0 ? 2 : 3;
    } else
        return 2;
    (void)sink;
    return 0;
}
