/* lookup.h - inside ring: the answers of stek/stek.h out of an image. */
#ifndef RING_LOOKUP_H
#define RING_LOOKUP_H

#include <stek/stek.h>

#include "ring/image.h"

enum stek_status lookup_sealing(const struct image *image, struct stek_key *key, uint64_t now);

/* On STEK_NO_KEY *miss is the event to count. */
enum stek_status lookup_opening(const struct image *image, struct stek_key *key, int *renew,
                                enum stek_event *miss, const uint8_t name[STEK_NAME_LEN],
                                uint64_t now);

enum stek_status lookup_info(const struct image *image, struct stek_info *info, uint64_t now);

#endif
