/* Writes the kept ring of the layout's version: tests/fixtures/ring-MAJOR.MINOR.r1. To be run once
 * for each version, by the version itself; see tests/fixtures/README.md.
 *
 *   make_ring_fixture FILE */
#include <stddef.h>

#include "fixture_support.h"

int
main(int argc, char **argv)
{
    struct ring_writer writer;
    KEYSET(set);
    bool done = argc == 2 && fixture_keys(&set) &&
                ring_writer_open(&writer, argv[1], RING_CAPACITY_MIN, NO_GROUP, NULL);

    if (done) {
        done = ring_store(&writer, &set, 0);
        ring_writer_close(&writer);
    }
    return done ? 0 : 1;
}
