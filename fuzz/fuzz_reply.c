/* Whatever a wrong stekd answers, stekctl takes it apart within bounds, and prints it. The first
 * byte chooses the command. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/fleet.h"
#include "cli/prefix.h"
#include "cli/reply.h"

static void
read_one(unsigned which, const json_t *root)
{
    REPLY_STATUS(status);
    REPLY_KEYS(keys);
    REPLY_REVOKE(revoke);
    REPLY_FLEET(fleet);
    struct reply_rotate rotate;
    struct err err;
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);

    if (which == 0 && file != NULL && reply_status_read(&status, root, &err))
        (void)status_print(file, &status, true);
    else if (which == 1 && reply_keys_read(&keys, root, &err))
        (void)prefix_find(&keys, "abcd", &err);
    else if (which == 2)
        (void)reply_rotate_read(&rotate, root, &err);
    else if (which == 3)
        (void)reply_revoke_read(&revoke, root, &err);
    else if (which == 8 && file != NULL && reply_fleet_read(&fleet, root, &err))
        (void)fleet_print(file, &fleet, true);
    if (file != NULL)
        (void)fclose(file);
    free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    json_t *root = NULL;

    if (size > 0)
        root = reply_load((const char *)data + 1, size - 1, data[0] & 4U ? 400 : 200, &err);
    if (root != NULL)
        read_one(data[0] & 11U, root);
    json_decref(root);
    return 0;
}
