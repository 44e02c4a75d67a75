/* derive.h - inside ticket: keys for one use of a ring's key. */
#ifndef TICKET_DERIVE_H
#define TICKET_DERIVE_H

#include <stek/stek.h>

#define DERIVE_SALT_LEN 16

/* As stek_key_derive(), with one more field where `salt` (DERIVE_SALT_LEN bytes) is not NULL. */
enum stek_status derive(const struct stek_key *key, uint8_t out[STEK_HASH_LEN], const char *product,
                        const char *purpose, const uint8_t context[STEK_HASH_LEN],
                        const uint8_t *salt, stek_hmac_fn *hmac);

#endif
