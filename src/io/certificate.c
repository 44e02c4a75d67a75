/* see certificate.h; on libcrypto */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <time.h>

#include "io/certificate.h"
#include "io/moment.h"

/* What `limit` is in words. */
static const char *
moment_of(char out[MOMENT_LEN], const ASN1_TIME *limit)
{
    struct tm parts;

    return ASN1_TIME_to_tm(limit, &parts) == 1 ? moment_text(out, (uint64_t)timegm(&parts)) : "?";
}

static bool
check(const char *path, const X509 *certificate, struct err *err)
{
    const ASN1_TIME *from = X509_get0_notBefore(certificate);
    const ASN1_TIME *until = X509_get0_notAfter(certificate);
    char text[MOMENT_LEN];

    if (X509_cmp_time(until, NULL) < 0)
        return err_set(err, "%s has expired, at %s: renew it", path, moment_of(text, until));
    if (X509_cmp_time(from, NULL) > 0)
        return err_set(err, "%s is not valid before %s: is this host's clock right?", path,
                       moment_of(text, from));
    return true;
}

bool
certificate_is_of_now(const char *path, struct err *err)
{
    FILE *file = fopen(path, "re");
    X509 *certificate;
    bool is_good;

    if (file == NULL)
        return err_errno(err, "%s cannot be read", path);
    certificate = PEM_read_X509(file, NULL, NULL, NULL);
    (void)fclose(file); /* only read */
    if (certificate == NULL)
        is_good = err_set(err, "%s holds no certificate in PEM", path);
    else
        is_good = check(path, certificate, err);
    X509_free(certificate);
    ERR_clear_error();
    return is_good;
}
