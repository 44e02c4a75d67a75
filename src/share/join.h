/* join.h - how a host becomes a member: a line that it asks with, a line that a member answers.
 *
 * The host makes an X25519 key for this one purpose and prints a request. A member seals the farm's
 * secret to it and prints the answer. People carry both; each is one line (line.h) of a word and:
 *
 *   stek-request1   public key 32 | host id u64 | expires u64, Unix seconds |
 *                   length u8, the keyset's name | length u8, the host's name
 *   stek-answer1    public key 32 | farm id 16, oldest day u32, its secret 32, encrypted | tag 16
 *
 *   key = HKDF(salt = the request, X25519, info = F("stek1") F("join") F(the answer's public key))
 *   tag = that of AES-256-GCM, nonce of 12 zeros, over the answer's public key and the secret
 *
 * Big-endian. Nothing in a request is secret, and nobody has vouched for it: who swaps it on its
 * way for one of his own gets the farm. So both sides show its fingerprint, to be compared.
 *
 *   R-JOIN-1: an answer gives the host that asked the farm's secret, of all days that are kept.
 *   R-JOIN-2: it opens for no other request, and nothing in it or in the request can be changed.
 *   R-JOIN-3: it opens once, and not after the request has expired; the private key is then wiped.
 *   R-JOIN-4: a line that was mistyped is told from one that is another request's, and can be
 *             offered again.
 *   R-JOIN-5: what is shown to people is printable.
 *   R-JOIN-6: a side that asked and was kept in a file takes the answer as if it had not been. */
#ifndef SHARE_JOIN_H
#define SHARE_JOIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"
#include "io/crypt.h"
#include "share/farm.h"
#include "share/record.h"
#include "share/status.h"

#define JOIN_REQUEST_WORD "stek-request1"
#define JOIN_ANSWER_WORD "stek-answer1"
#define JOIN_WORD "stek-join1" /* of the file of the side that asks: private key 32 | the request */
#define JOIN_LIFE_S 3600U      /* a request is good for so long */
#define JOIN_FINGERPRINT_LEN 20 /* four groups of four hex digits, and a NUL */

/* What a request says. */
struct join_request {
    uint8_t key[CRYPT_PUBLIC_LEN];
    uint64_t host; /* never 0 */
    uint64_t expires_s;
    char keyset[RECORD_KEYSET_MAX + 1];
    char host_name[STATUS_TEXT_MAX + 1];
};

/* The side that asks. */
struct join {
    struct secret private_key;
    struct join_request request;
    bool is_open; /* no answer has been taken yet */
};

void join_wipe(struct join *join);

/* Declares one that is wiped however its scope ends. */
#define JOIN(var) __attribute__((cleanup(join_wipe))) struct join var = {.is_open = false}

/* Ask to join, with a line for an empty `line`. `fresh` is randomness for this one use. What is not
 * printable in the host's name becomes '?'. */
bool join_ask(struct join *out, struct secret_buf *line, const struct secret *fresh, uint64_t host,
              const char *host_name, const char *keyset, uint64_t now_s, struct err *err);

/* Read a request, as a member. Refused if it has expired. */
bool join_read(struct join_request *out, const char *text, size_t len, uint64_t now_s,
               struct err *err);

/* The line of a request, into an empty `line`. */
bool join_line(struct secret_buf *line, const struct join_request *request, struct err *err);

/* What both sides show: "0123-4567-89ab-cdef". False if libcrypto failed. */
bool join_fingerprint(char out[JOIN_FINGERPRINT_LEN], const struct join_request *request);

/* Answer a request that was read, into an empty `line`. Refused if it is for another keyset.
 * `fresh` is randomness for this one use. */
bool join_answer(struct secret_buf *line, const struct join_request *request,
                 const struct farm *farm, const char *keyset, const struct secret *fresh,
                 struct err *err);

/* Take the answer: once. On failure all is as it was. */
bool join_finish(struct join *join, struct farm *out, const char *text, size_t len, uint64_t now_s,
                 struct err *err);

/* The side that asks as a file, comment lines and a line (line.h), into an empty `out`. */
bool join_encode(struct secret_buf *out, const struct join *join, struct err *err);

/* Also of a request that has expired. */
bool join_decode(struct join *out, const char *text, size_t len, struct err *err);

#endif
