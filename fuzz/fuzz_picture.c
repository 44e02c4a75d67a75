/* Whatever times keys have, they are drawn: as text of any width, and as SVG. The first two bytes
 * are width and looks, the rest is an answer to GET /v1/keys. */
#include <stdio.h>

#include "cli/cli.h"
#include "control/timeline.h"
#include "fuzz.h"

static void
draw(FILE *out, const struct reply_keys *keys, uint8_t width, uint8_t looks)
{
    const struct cli cli = {.columns = width, .svg = (looks & 1U) != 0};
    const struct timeline_look look = {.width = width, .is_color = (looks & 2U) != 0};
    TIMELINE(timeline);

    if (!timeline_of(&timeline, &cli, keys, looks >> 3))
        return;
    if (cli.svg)
        timeline_svg(out, &timeline, (looks & 4U) != 0);
    else
        timeline_text(out, &timeline, &look);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    json_t *root = size > 2 ? reply_load((const char *)data + 2, size - 2, 200, &err) : NULL;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    REPLY_KEYS(keys);

    if (root != NULL && out != NULL && reply_keys_read(&keys, root, &err))
        draw(out, &keys, data[0], data[1]);
    if (out != NULL)
        (void)fclose(out);
    free(text);
    json_decref(root);
    return 0;
}
