/* What became of a call, in words; see grpc_inner.h */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "io/certificate.h"
#include "io/grpc_inner.h"

#define STATUS_MAX 16 /* the codes of gRPC end there */

/* ---- what the server said ---- */

/* The value of the header of that name, without blanks around it. */
static bool
is_header(const char *name, const char *line, size_t len, const char **value, size_t *value_len)
{
    size_t name_len = strlen(name);

    if (len <= name_len || strncasecmp(line, name, name_len) != 0 || line[name_len] != ':')
        return false;
    line += name_len + 1;
    len -= name_len + 1;
    while (len > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        len--;
    }
    while (len > 0 && (unsigned char)line[len - 1] <= ' ')
        len--;
    *value = line;
    *value_len = len;
    return true;
}

static int
digit(char c)
{
    static const char digits[] = "0123456789ABCDEFabcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c);

    if (at == NULL)
        return -1;
    return (int)(at - digits) > 15 ? (int)(at - digits) - 6 : (int)(at - digits);
}

/* Percent-encoded; what cannot be printed becomes a question mark. */
static void
read_said(char out[GRPC_SAID_MAX + 1], const char *value, size_t len)
{
    size_t to = 0;

    for (size_t at = 0; at < len && to < GRPC_SAID_MAX; at++) {
        int byte = (unsigned char)value[at];

        if (byte == '%' && len - at > 2 && digit(value[at + 1]) >= 0 && digit(value[at + 2]) >= 0) {
            byte = 16 * digit(value[at + 1]) + digit(value[at + 2]);
            at += 2;
        }
        out[to++] = (char)(byte >= ' ' && byte < 0x7f ? byte : '?');
    }
    out[to] = '\0';
}

void
grpc_read_header(struct grpc_call *call, const char *line, size_t len)
{
    const char *value;
    size_t value_len;

    call->is_answered = call->grpc->was_answered = true;
    if (is_header("content-type", line, len, &value, &value_len)) {
        call->is_grpc = value_len >= 16 && strncasecmp(value, "application/grpc", 16) == 0;
    } else if (is_header("grpc-message", line, len, &value, &value_len)) {
        read_said(call->said, value, value_len);
    } else if (is_header("grpc-status", line, len, &value, &value_len)) {
        int status = 0;

        for (size_t i = 0; i < value_len && status >= 0; i++)
            status = value[i] >= '0' && value[i] <= '9' && status <= STATUS_MAX
                         ? 10 * status + value[i] - '0'
                         : -1;
        call->status = value_len > 0 && status <= STATUS_MAX ? status : -1;
    }
}

/* ---- what broke ---- */

static void
explain_connect(const struct grpc_call *call, struct err *err)
{
    long os_errno = 0;

    (void)curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &os_errno); /* stays 0 where unknown */
    errno = (int)os_errno;
    if (os_errno == ECONNREFUSED)
        (void)err_set(err, "nothing listens there: does the server run, and at this port?");
    else if (os_errno == 0)
        (void)err_set(err, "cannot connect: %s", call->curl_said);
    else
        (void)err_errno(err, "cannot connect: is there a route, and no firewall?"); /* false */
}

static bool
is_alert(const char *said)
{
    return strstr(said, "alert") != NULL;
}

/* The server did not go on after it had seen our certificate, or had not. It says no more than an
 * alert, which a reset of the connection may overtake: so our own file is asked, too, and without
 * the alert it may as well be that the server speaks something else at this port. */
static void
explain_refusal(const struct grpc_call *call, struct err *err)
{
    const struct grpc_setup *setup = &call->grpc->setup;

    if (!certificate_is_of_now(setup->cert, err))
        (void)err_add(err, "our certificate is refused"); /* as all of these: always false */
    else
        (void)err_set(err,
                      "our certificate %s is refused: is it signed by the CA that the server "
                      "trusts, for use by clients, and not revoked%s? (%s)",
                      setup->cert,
                      is_alert(call->curl_said) ? ""
                                                : "; or is this not the port for clients of "
                                                  "the server",
                      call->curl_said);
}

/* Broken off before anything was answered on this connection, but after our certificate went. */
static bool
is_refusal(const struct grpc_call *call, const char *said)
{
    if (call->grpc->was_answered)
        return false;
    if (is_alert(said))
        return strstr(said, "certificate") != NULL || strstr(said, "unknown ca") != NULL;
    return call->code == CURLE_SEND_ERROR || call->code == CURLE_RECV_ERROR ||
           call->code == CURLE_HTTP2;
}

static enum grpc_broken
explain_code(const struct grpc_call *call, struct err *err)
{
    const struct grpc_setup *setup = &call->grpc->setup;
    const char *said =
        call->curl_said[0] != '\0' ? call->curl_said : curl_easy_strerror(call->code);

    switch ((int)call->code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        (void)err_set(err, "no address is known for this name: see that it is right, and DNS");
        return GRPC_FAILED;
    case CURLE_COULDNT_CONNECT: explain_connect(call, err); return GRPC_FAILED;
    case CURLE_OPERATION_TIMEDOUT:
        (void)err_set(err, "no answer in time: is the server overloaded, cut off, or without a "
                           "majority of its members?");
        return GRPC_LATE;
    case CURLE_PEER_FAILED_VERIFICATION:
        (void)err_set(err,
                      "its certificate is not accepted: %s: see that %s is the CA that signed "
                      "it, and that it is in this host's name",
                      said, setup->ca);
        return GRPC_TLS;
    case CURLE_SSL_CACERT_BADFILE:
        (void)err_set(err, "%s cannot be read: certificates of the server's CA, in PEM", setup->ca);
        return GRPC_TLS;
    case CURLE_SSL_CERTPROBLEM:
        if (certificate_is_of_now(setup->cert, err))
            (void)err_set(err,
                          "%s cannot be used: is it the key, in PEM and not encrypted, of %s, "
                          "and may stekd's user read it? (%s)",
                          setup->key, setup->cert, said);
        return GRPC_TLS;
    default: break;
    }
    if (is_refusal(call, said)) {
        explain_refusal(call, err);
        return GRPC_TLS;
    }
    (void)err_set(err, "%s%s", said,
                  call->grpc->was_answered ? "" : ": is this the port for clients of the server?");
    return GRPC_FAILED;
}

void
grpc_explain(const struct grpc_call *call, struct grpc_result *result)
{
    struct err err = {""};

    *result = (struct grpc_result){.broken = GRPC_FAILED, .status = -1};
    if (call->bad.text[0] != '\0') {
        result->broken = GRPC_TOO_LONG;
        err = call->bad;
    } else if (!call->is_over) {
        (void)err_set(&err, "no memory for a call"); /* as all of these: always false */
    } else if (call->status >= 0) { /* the server may have broken off right after it said so */
        result->broken = GRPC_ANSWERED;
        result->status = call->status;
        (void)err_set(&err, "%s", call->said);
    } else if (call->is_answered && !call->is_grpc) {
        (void)err_set(&err, "it does not speak gRPC: is this the port for clients of the server?");
    } else if (call->code != CURLE_OK) {
        result->broken = explain_code(call, &err);
    } else {
        (void)err_set(&err, "it broke off");
    }
    memcpy(result->text, err.text, sizeof result->text);
}
