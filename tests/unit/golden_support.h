/* golden_support.h - text compared with a file of tests/unit/golden. With STEK_GOLDEN=write in the
 * environment the file is written anew instead: then read what git says has changed. GOLDEN is the
 * folder of the files. */
#ifndef TESTS_GOLDEN_SUPPORT_H
#define TESTS_GOLDEN_SUPPORT_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All of a file, to be freed; NULL where it cannot be read. */
static inline char *
golden_read(const char *name)
{
    char path[512], *text = NULL;
    size_t len = 0;
    int byte;
    FILE *file, *copy = open_memstream(&text, &len);

    (void)snprintf(path, sizeof path, "%s/%s", GOLDEN, name);
    file = fopen(path, "r");
    while (file != NULL && copy != NULL && (byte = getc(file)) != EOF)
        (void)putc(byte, copy);
    if (copy != NULL)
        (void)fclose(copy);
    if (file != NULL && fclose(file) == 0)
        return text;
    free(text);
    return NULL;
}

/* Tells where they part. */
static inline bool
golden_same(const char *name, const char *text)
{
    const char *mode = getenv("STEK_GOLDEN");
    char path[512], *wanted;
    size_t at = 0, line = 1;
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s", GOLDEN, name);
    if (mode != NULL && strcmp(mode, "write") == 0) {
        file = fopen(path, "w");
        return file != NULL && fputs(text, file) >= 0 && fclose(file) == 0;
    }
    wanted = golden_read(name);
    if (wanted != NULL && strcmp(wanted, text) == 0) {
        free(wanted);
        return true;
    }
    while (wanted != NULL && text[at] != '\0' && text[at] == wanted[at])
        line += text[at++] == '\n';
    (void)printf("# %s, line %zu: \"%.60s\" should be \"%.60s\"\n", name, line, text + at,
                 wanted == NULL ? "" : wanted + at);
    free(wanted);
    return false;
}

#endif
