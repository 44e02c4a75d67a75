/* replay FOLDER: run a fuzz target over each file of its corpus, and over what is left of the file
 * when it is cut short, so that the corpus is a test under every compiler. Prints TAP. */
#include <dirent.h>
#include <stdio.h>

#include "fuzz.h"

#define INPUT_MAX (1U << 20)
#define CUTS 512U /* lengths tried of one file, the whole one beside */

/* A block of exactly this length, so that the sanitizers see a read past its end. */
static bool
run(const uint8_t *data, size_t len)
{
    uint8_t *exact = malloc(len > 0 ? len : 1);

    if (exact == NULL)
        return false;
    memcpy(exact, data, len);
    (void)LLVMFuzzerTestOneInput(exact, len); /* reserved: always 0 */
    free(exact);
    return true;
}

static bool
run_file(const char *folder, const char *name)
{
    static uint8_t data[INPUT_MAX];
    char path[4096];
    FILE *file;
    size_t len, step;
    bool done;

    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return false;
    file = fopen(path, "rb");
    if (file == NULL)
        return false;
    len = fread(data, 1, sizeof data, file);
    done = ferror(file) == 0;
    (void)fclose(file); /* only read from */
    step = len / CUTS + 1;
    for (size_t cut = 0; done && cut < len; cut += step)
        done = run(data, cut);
    return done && run(data, len);
}

static int
is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int
main(int argc, char **argv)
{
    struct dirent **entries;
    int count, bad = 0;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    count = scandir(argv[1], &entries, is_input, alphasort);
    if (count <= 0) { /* a corpus that is not there proves nothing */
        printf("1..1\nnot ok 1 - no inputs in %s\n", argv[1]);
        return 1;
    }
    printf("1..%d\n", count);
    for (int i = 0; i < count; i++) {
        bool ok = run_file(argv[1], entries[i]->d_name);

        printf("%s %d - %s\n", ok ? "ok" : "not ok", i + 1, entries[i]->d_name);
        (void)fflush(stdout); /* so that a crash is put to the right file */
        bad += !ok;
        free(entries[i]);
    }
    free(entries);
    return bad > 0;
}
