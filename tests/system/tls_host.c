/* tls_host [PLUGIN...] - a program that makes a server's context, if it is linked with a TLS
 * library, then lets its plugins do so. Says at the end, on stderr, if it has a ring mapped. */
#include <stdio.h>
#include <string.h>

#include "tls_load.h"
#include "tls_part.h"

extern void tls_part_say(const char *who) __attribute__((weak));

static void
say_ring(void)
{
    char text[4096];
    FILE *maps = fopen("/proc/self/maps", "re");

    while (maps != NULL && fgets(text, sizeof text, maps) != NULL)
        if (strstr(text, ".r1\n") != NULL) {
            (void)fputs("has the ring\n", stderr);
            break;
        }
    if (maps != NULL)
        (void)fclose(maps); /* it was only read */
}

int
main(int argc, char **argv)
{
    if (tls_part_say != NULL)
        tls_part_say("program");
    for (int i = 1; i < argc; i++)
        if (!tls_load(argv[i]))
            return 1;
    say_ring();
    return 0;
}
