/* bench_codec: whole tickets, sealed and opened, against AES-256-GCM alone over the same bytes,
 * both with libcrypto, in one thread. Rounds of both take turns; what is told is the median of the
 * rounds' ratios. */
#include "adapter/openssl_impl.h"
#include "bench.h"
#include "codec_support.h"

#define ROUNDS 21
#define TICKETS 5000U /* in a round */
#define LEN 200U      /* of a session, as OpenSSL's in TLS 1.3 */
#define TEXT_LEN (LEN + 16U)

static int
seal(const struct stek_gcm *gcm, void *ctx)
{
    (void)ctx;
    return codec_gcm(gcm, 1);
}

static int
unseal(const struct stek_gcm *gcm, void *ctx)
{
    (void)ctx;
    return codec_gcm(gcm, 0);
}

/* Nanoseconds that a ticket takes; 0 if one fails. */
static double
tickets_ns(const struct stek_codec *codec, const struct stek_handshake *begin)
{
    uint64_t start = bench_now_ns(CLOCK_MONOTONIC);
    uint8_t session[TEXT_LEN] = {1}, ticket[LEN + STEK_TICKET_OVERHEAD];

    for (uint32_t i = 0; i < TICKETS; i++) {
        struct stek_handshake handshake = *begin;
        size_t ticket_len, len;

        if (stek_ticket_seal(codec, &handshake, ticket, &ticket_len, sizeof ticket, session, LEN) !=
                STEK_OK ||
            stek_ticket_open(codec, &handshake, session, &len, sizeof session, ticket,
                             ticket_len) != STEK_OK)
            return 0;
    }
    return (double)(bench_now_ns(CLOCK_MONOTONIC) - start) / TICKETS;
}

static double
gcm_ns(void)
{
    uint64_t start = bench_now_ns(CLOCK_MONOTONIC);
    uint8_t key[32] = {1}, nonce[12] = {0}, head[32] = {0}, tag[16], text[TEXT_LEN] = {1};
    const struct stek_gcm gcm = {.key = key,
                                 .nonce = nonce,
                                 .aad = head,
                                 .aad_len = sizeof head,
                                 .text = text,
                                 .text_len = sizeof text,
                                 .tag = tag};

    for (uint32_t i = 0; i < TICKETS; i++) {
        memcpy(nonce, &i, sizeof i);
        if (!codec_gcm(&gcm, 1) || !codec_gcm(&gcm, 0))
            return 0;
    }
    return (double)(bench_now_ns(CLOCK_MONOTONIC) - start) / TICKETS;
}

static void
tell(double ratios[ROUNDS], double took[ROUNDS])
{
    struct bench_row row = {.unit = "", .digits = 2};

    row.reached = bench_quantile(ratios, ROUNDS, 500);
    printf("whole tickets of %u bytes, a second: codec / AES-256-GCM alone", LEN);
    bench_tell(&row);
    printf("%.2f to %.2f; %.1f us to seal and open\n", ratios[0], ratios[ROUNDS - 1],
           bench_quantile(took, ROUNDS, 500) / 1000);
}

int
main(void)
{
    double ratios[ROUNDS], took[ROUNDS];
    struct codec_place place;
    struct stek_handshake handshake = handshake_of(1, 0);
    bool done = codec_place_open(&place);

    place.codec.hmac = openssl_hmac; /* as an adapter would */
    place.codec.seal = seal;
    place.codec.open = unseal;
    for (size_t i = 0; i < ROUNDS && done; i++) {
        double gcm = gcm_ns();

        took[i] = tickets_ns(&place.codec, &handshake);
        done = gcm > 0 && took[i] > 0;
        if (done)
            ratios[i] = gcm / took[i];
    }
    codec_place_close(&place);
    if (!done) {
        (void)fprintf(stderr, "bench_codec: failed\n");
        return 1;
    }
    tell(ratios, took);
    return 0;
}
