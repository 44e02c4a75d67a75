/* make_hellos FOLDER: writes the ClientHellos of OpenSSL's client there, as the corpus of
 * fuzz_hello: without and with a ticket, in TLS 1.2 and 1.3, also after a HelloRetryRequest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver_openssl.h"
#include "suite.h"

#define HEADS 9 /* of the record, 5, and of the message, 4 */

/* Where the next ClientHello goes; a driver's calls take no argument of ours. */
static const char *next_folder, *next_name;

static bool
write_hello(const struct pipe *from_client)
{
    char path[4096];
    FILE *file;
    size_t len = from_client->len - HEADS;
    bool written;

    if (snprintf(path, sizeof path, "%s/%s", next_folder, next_name) >= (int)sizeof path)
        return false;
    file = fopen(path, "wb");
    if (file == NULL)
        return false;
    written = fwrite(from_client->bytes + HEADS, 1, len, file) == len;
    return fclose(file) == 0 && written;
}

static int
step_and_write(void *conn, struct pipe *from_client, struct pipe *to_client)
{
    const uint8_t *bytes = from_client->bytes;

    /* one handshake record that is all there is: a second ClientHello replaces the first */
    if (from_client->len > HEADS && bytes[0] == 22 && bytes[5] == 1 &&
        from_client->len == 5U + (size_t)(bytes[3] << 8 | bytes[4]) && !write_hello(from_client))
        return -1;
    return driver_openssl.conn_step(conn, from_client, to_client);
}

static bool
make(const struct run *run, const struct server_options *options, const char *sni,
     const char *fresh, const char *resuming)
{
    void *server = suite_serve(run, options);
    struct got first, second;
    bool made = false;

    if (server == NULL)
        return false;
    next_name = fresh;
    first = suite_shake(run, server, sni, NULL);
    if (first.session != NULL) {
        next_name = resuming;
        second = suite_shake(run, server, sni, first.session);
        made = first.done && second.done && second.resumed;
        client_done(&second);
    }
    client_done(&first);
    run->driver->server_free(server);
    return made;
}

static bool
make_all(struct run *run)
{
    const struct server_options retries = {.names = "a.example", .retries = true};

    run->version = TLS1_2_VERSION;
    if (!make(run, &suite_plain, "www.example.com", "tls12", "tls12_ticket") ||
        !make(run, &suite_plain, NULL, "tls12_no_sni", "tls12_no_sni_ticket"))
        return false;
    run->version = TLS1_3_VERSION;
    return make(run, &suite_plain, "www.example.com", "tls13", "tls13_psk") &&
           make(run, &suite_plain, NULL, "tls13_no_sni", "tls13_no_sni_psk") &&
           make(run, &retries, "A.Example", "tls13_retry", "tls13_retry_psk");
}

int
main(int argc, char **argv)
{
    struct driver driver = driver_openssl;
    struct run run = {.driver = &driver};
    bool made;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    next_folder = argv[1];
    driver.conn_step = step_and_write;
    made = farm_init(&run.farm) && farm_begin(&run.farm) && farm_seal(&run.farm, 0, -10) &&
           stek_ring_open(&run.ring, run.farm.path) == STEK_OK && make_all(&run);
    stek_ring_close(&run.ring);
    farm_free(&run.farm);
    if (!made)
        (void)fprintf(stderr, "make_hellos: failed\n");
    return !made;
}
