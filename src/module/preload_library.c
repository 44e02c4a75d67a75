/* see preload_library.h */
#define OPENSSL_CALLS_BY_NAME
#include "module/preload_library.h"
#include "module/openssl_calls.h" /* includes OpenSSL's headers its way */

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *version; /* of its symbols, as in preload.map */
    const char *file;
    bool takes_any; /* code that asks for no version, too */
} lines[] = {[PRELOAD_OPENSSL_3] = {"OPENSSL_3.0.0", "libssl.so.3", true},
             [PRELOAD_OPENSSL_1_1] = {"OPENSSL_1_1_0", "libssl.so.1.1", false}};

/* Before it, a callback that gives none in TLS 1.3 makes a broken ticket (openssl issue 18977). */
#define OPENSSL_3_0_6 0x30000060UL

struct openssl_calls openssl_calls;

/* Written once, under `lock`; `ctx_new` last. */
static struct {
    pthread_mutex_t lock;
    _Atomic(void *) ctx_new;
    const SSL_METHOD *client_method;
} ours = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- what the dynamic linker would have found ---- */

/* A reference to the dynamic object that holds an address; NULL also for the program itself, whose
 * libraries are those of the process. */
static void *
object_at(const void *address)
{
    Dl_info info;
    struct link_map *map = NULL;

    if (dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP) == 0 || map->l_name[0] == '\0')
        return NULL;
    return dlopen(map->l_name, RTLD_LAZY | RTLD_NOLOAD);
}

/* The linker takes a symbol without a version for whichever version is asked for. */
static bool
is_unversioned(const void *function)
{
    Dl_info info;
    struct link_map *map = NULL;
    ElfW(Sym) *symbol = NULL;
    const ElfW(Sym) *symbols = NULL;
    const ElfW(Half) *versions = NULL;

    if (dladdr1(function, &info, (void **)&map, RTLD_DL_LINKMAP) == 0 ||
        dladdr1(function, &info, (void **)&symbol, RTLD_DL_SYMENT) == 0)
        return false;
    for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
        ElfW(Addr) at = entry->d_un.d_ptr;

        if (at < map->l_addr) /* some machines leave it as it is in the file */
            at += map->l_addr;
        if (entry->d_tag == DT_SYMTAB)
            symbols = (const ElfW(Sym) *)at;
        else if (entry->d_tag == DT_VERSYM)
            versions = (const ElfW(Half) *)at;
    }
    return versions == NULL || symbol == NULL || symbols == NULL ||
           (versions[symbol - symbols] & 0x7fff) <= VER_NDX_GLOBAL;
}

static void *
find_in(enum preload_line line, void *handle, const char *name)
{
    void *first = dlsym(handle, name);

    if (first == NULL || is_unversioned(first))
        return first;
    return dlvsym(handle, name, lines[line].version);
}

/* The linker looks through the libraries of the process, then through those of the caller. */
static void *
find_for(enum preload_line line, const char *name, const void *caller)
{
    void *found = find_in(line, RTLD_NEXT, name), *object;

    if (found != NULL || caller == NULL)
        return found;
    object = object_at(caller);
    if (object != NULL) {
        found = find_in(line, object, name);
        (void)dlclose(object); /* the caller is in it, so it stays */
    }
    if (found == NULL && lines[line].takes_any)
        found = dlsym(RTLD_NEXT, name);
    if (found != NULL)
        return found;
    /* A part of a plugin that leaves it to the others to bring the library. */
    object = dlopen(lines[line].file, RTLD_LAZY | RTLD_NOLOAD);
    if (object == NULL)
        return NULL;
    found = dlsym(object, name);
    (void)dlclose(object); /* one of the others holds it */
    return found;
}

void *
preload_library_find(enum preload_line line, const char *name, const void *caller)
{
    void *found = find_for(line, name, caller);

    if (found == NULL)
        (void)dlerror(); /* or the program finds it */
    return found;
}

/* ---- the one library ---- */

static bool
check_version(void *library, char why_not[PRELOAD_TEXT_LEN])
{
    unsigned long (*number)(void) = NULL;
    const char *(*text)(int) = NULL;
    bool is_openssl_3;

    *(void **)&number = dlsym(library, "OpenSSL_version_num");
    *(void **)&text = dlsym(library, "OpenSSL_version");
    is_openssl_3 = number != NULL && text != NULL && number() >> 28 == 3 &&
                   strncmp(text(OPENSSL_VERSION), "OpenSSL ", 8) == 0;
    if (is_openssl_3 && number() >= OPENSSL_3_0_6)
        return true;
    (void)snprintf(why_not, PRELOAD_TEXT_LEN, "%.80s %s",
                   text != NULL ? text(OPENSSL_VERSION) : "a TLS library without a name",
                   is_openssl_3 ? "sends broken tickets where there is no key: take 3.0.6 or later"
                                : "is not OpenSSL 3");
    return false;
}

static bool
find_calls(struct openssl_calls *calls, void *library, char why_not[PRELOAD_TEXT_LEN])
{
    const char *missing = NULL;

#define FIND(name) \
    *(void **)&calls->call_##name = dlsym(library, #name); \
    if (calls->call_##name == NULL) \
        missing = #name;
    OPENSSL_CALLS(FIND)
#undef FIND
    if (missing != NULL)
        (void)snprintf(why_not, PRELOAD_TEXT_LEN, "this OpenSSL has no %s", missing);
    return missing == NULL;
}

/* Under no lock: who loads a library may hold the linker's, and be one that waits for ours. */
static bool
choose(void *ctx_new, char why_not[PRELOAD_TEXT_LEN])
{
    struct openssl_calls calls;
    const SSL_METHOD *(*client_method)(void) = NULL;
    void *library = object_at(ctx_new);

    if (library == NULL) {
        (void)snprintf(why_not, PRELOAD_TEXT_LEN, "its TLS library is not to be found");
        return false;
    }
    if (!check_version(library, why_not) || !find_calls(&calls, library, why_not)) {
        (void)dlclose(library); /* nothing of it is kept */
        return false;
    }
    *(void **)&client_method = dlsym(library, "TLS_client_method");
    (void)pthread_mutex_lock(&ours.lock); /* cannot fail for this kind */
    if (atomic_load(&ours.ctx_new) == NULL) {
        openssl_calls = calls;
        ours.client_method = client_method == NULL ? NULL : client_method();
        atomic_store(&ours.ctx_new, ctx_new);
    }
    (void)pthread_mutex_unlock(&ours.lock);
    return true;
}

bool
preload_library_was_chosen(void *ctx_new)
{
    return ctx_new != NULL && atomic_load(&ours.ctx_new) == ctx_new;
}

bool
preload_library_is_ours(void *ctx_new, char why_not[PRELOAD_TEXT_LEN])
{
    if (atomic_load(&ours.ctx_new) == NULL && !choose(ctx_new, why_not))
        return false;
    if (preload_library_was_chosen(ctx_new))
        return true;
    (void)snprintf(why_not, PRELOAD_TEXT_LEN, "a second TLS library in one process");
    return false;
}

bool
preload_library_is_client(void *ctx_new, const SSL_METHOD *method)
{
    const SSL_METHOD *(*client_method)(void) = NULL;
    void *library;

    if (preload_library_was_chosen(ctx_new))
        return method == ours.client_method;
    library = object_at(ctx_new);
    if (library == NULL)
        return false;
    *(void **)&client_method = dlsym(library, "TLS_client_method");
    (void)dlclose(library); /* the caller uses it, so it stays */
    return client_method != NULL && method == client_method();
}
