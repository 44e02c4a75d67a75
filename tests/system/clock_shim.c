/* A wall clock that is set while programs run: preloaded into one, it moves CLOCK_REALTIME by the
 * seconds that stand in the file STEK_CLOCK. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef int gettime_fn(clockid_t clock, struct timespec *t);

static long
read_step(void)
{
    const char *path = getenv("STEK_CLOCK");
    FILE *file = path == NULL ? NULL : fopen(path, "re");
    char text[32] = "";

    if (file != NULL) {
        (void)!fgets(text, sizeof text, file); /* what cannot be read moves nothing */
        (void)fclose(file);
    }
    return strtol(text, NULL, 10);
}

__attribute__((visibility("default"))) int
clock_gettime(clockid_t clock, struct timespec *t)
{
    void *symbol = dlsym(RTLD_NEXT, "clock_gettime");
    gettime_fn *original;
    int result;

    *(void **)&original = symbol;
    result = original(clock, t);
    if (result == 0 && clock == CLOCK_REALTIME)
        t->tv_sec += read_step();
    return result;
}
