/* Whatever a wrong stekd answers, stekctl takes it apart within bounds, and prints it. The first
 * byte chooses the command. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/fleet.h"
#include "cli/prefix.h"
#include "cli/reply.h"
#include "cli/reply_farm.h"
#include "fuzz.h"

#define FARM 64U

static void
read_one(unsigned which, const json_t *root)
{
    REPLY_STATUS(status);
    REPLY_KEYS(keys);
    REPLY_REVOKE(revoke);
    REPLY_FLEET(fleet);
    struct reply_rotate rotate;
    struct reply_farm farm;
    struct reply_member member;
    struct reply_asked asked;
    struct reply_answered answered;
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
        (void)fleet_print(file, &fleet, 80, true);
    else if (which == FARM && file != NULL && reply_farm_read(&farm, root, &err))
        farm_print(file, &farm);
    else if (which == FARM + 1)
        (void)reply_member_read(&member, root, &err);
    else if (which == FARM + 2)
        (void)reply_asked_read(&asked, root, &err);
    else if (which == FARM + 3)
        (void)reply_answered_read(&answered, root, &err);
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
        read_one(data[0] & (FARM | 11U), root);
    json_decref(root);
    return 0;
}
