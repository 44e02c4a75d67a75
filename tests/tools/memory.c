/* memory PID WORD OFFSET <FILE - how many copies of a secret are in the memory of a process: of the
 * 32 bytes at OFFSET of what the line WORD:BASE64 in FILE holds, and of their text in that line.
 * Prints "bytes N text N". Rings and other shared memory, where a secret may be, are left out. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "share/line.h"

#define FILE_MAX 4096U
#define TEXT_LEN 32U /* digits of the line that are searched for */
#define PIECE ((size_t)1 << 20)

struct wanted {
    uint8_t bytes[SECRET_LEN];
    char text[TEXT_LEN];
    size_t found_bytes, found_text;
};

static bool
read_wanted(struct wanted *wanted, const char *word, size_t offset)
{
    static char file[FILE_MAX + 1];
    size_t len = fread(file, 1, FILE_MAX, stdin);
    const char *line = strstr(file, word);
    struct err err = {""};
    SECRET_BUF(bytes);

    if (line == NULL || !line_read(&bytes, word, file, len, &err) ||
        bytes.len < offset + SECRET_LEN) {
        (void)fprintf(stderr, "memory: %s\n", err.text);
        return false;
    }
    memcpy(wanted->bytes, bytes.bytes + offset, SECRET_LEN);
    /* whole digits of it, behind those that hold other bytes, too */
    memcpy(wanted->text, line + strlen(word) + 1 + (offset + 2) / 3 * 4, TEXT_LEN);
    return true;
}

static size_t
count(const uint8_t *memory, size_t len, const void *what, size_t what_len)
{
    const uint8_t *at = memory, *end = memory + len;
    size_t found = 0;

    while ((at = memmem(at, (size_t)(end - at), what, what_len)) != NULL) {
        found++;
        at++;
    }
    return found;
}

/* One run of its memory, in pieces that overlap. */
static void
search(struct wanted *wanted, int memory, uint64_t from, uint64_t to)
{
    static uint8_t piece[PIECE];
    ssize_t got;

    for (uint64_t at = from; at < to; at += PIECE - SECRET_LEN) {
        size_t len = to - at < PIECE ? (size_t)(to - at) : PIECE;

        got = pread(memory, piece, len, (off_t)at);
        if (got <= 0)
            return; /* guard pages */
        /* half of it is a copy, too */
        wanted->found_bytes += count(piece, (size_t)got, wanted->bytes, SECRET_LEN / 2);
        wanted->found_text += count(piece, (size_t)got, wanted->text, TEXT_LEN);
    }
}

int
main(int argc, char **argv)
{
    struct wanted wanted = {.found_bytes = 0};
    char path[64], line[512];
    FILE *maps;
    int memory;

    if (argc != 4 || !read_wanted(&wanted, argv[2], strtoul(argv[3], NULL, 10)))
        return 2;
    (void)snprintf(path, sizeof path, "/proc/%s/maps", argv[1]);
    maps = fopen(path, "r");
    (void)snprintf(path, sizeof path, "/proc/%s/mem", argv[1]);
    memory = open(path, O_RDONLY | O_CLOEXEC);
    if (maps == NULL || memory < 0) {
        perror(path);
        return 1;
    }
    while (fgets(line, sizeof line, maps) != NULL) {
        uint64_t from = 0, to = 0;
        char mode[5] = "";

        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &from, &to, mode) == 3 &&
            strcmp(mode, "rw-p") == 0)
            search(&wanted, memory, from, to);
    }
    (void)fclose(maps); /* only read, as is the other */
    (void)close(memory);
    return printf("bytes %zu text %zu\n", wanted.found_bytes, wanted.found_text) > 0 ? 0 : 1;
}
