/* Bodies and queries that claim to be orders: what is taken is within bounds and makes sense. */
#include "daemon/request.h"
#include "fuzz.h"

static void
check(const struct request *request)
{
    must(request->keyset[0] == '\0' || control_keyset_ok(request->keyset));
    must(request->name_count <= CONTROL_NAMES_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct request request;
    struct err err = {""};
    char *query = malloc(len + 1);

    must(query != NULL);
    if (request_rotate(&request, (const char *)data, len, &err)) {
        check(&request);
        must(!request.all && !request.only && request.name_count == 0);
    } else {
        must(err.text[0] != '\0');
    }
    if (request_revoke(&request, (const char *)data, len, &err)) {
        check(&request);
        must(request.all == (request.name_count == 0) && !(request.all && request.only));
    }
    for (size_t i = 0; i < 3; i++) {
        const char *const lines[] = {NULL, "request", "answer"};

        if (request_farm(&request, lines[i], (const char *)data, len, &err)) {
            check(&request);
            must(strlen(request.line) <= CONTROL_LINE_MAX && (i > 0 || request.line[0] == '\0'));
        }
    }
    if (len > 0)
        memcpy(query, data, len);
    query[len] = '\0';
    if (request_keys(&request, query, &err))
        check(&request);
    if (request_fleet(&request, query, &err))
        check(&request);
    must(!request_host_ok(query) || query[0] == '\0' || strncmp(query, "127.", 4) == 0 ||
         strncmp(query, "[::1]", 5) == 0 || strncasecmp(query, "localhost", 9) == 0);
    free(query);
    return 0;
}
