/* see tls_load.h */
#include "tls_load.h"

#include <dlfcn.h>
#include <stdio.h>

int
tls_load(const char *plugin)
{
    void (*say)(const char *who) = NULL;
    void *loaded = dlopen(plugin, RTLD_NOW | RTLD_LOCAL);

    if (loaded != NULL)
        *(void **)&say = dlsym(loaded, "tls_part_say");
    if (say == NULL) {
        (void)fprintf(stderr, "%s\n", dlerror());
        return 0;
    }
    say("plugin");
    return 1;
}
