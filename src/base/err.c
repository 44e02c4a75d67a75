/* see err.h */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool
err_set(struct err *err, const char *format, ...)
{
    va_list args;

    if (err == NULL)
        return false;
    va_start(args, format);
    (void)vsnprintf(err->text, sizeof err->text, format, args); /* cut to fit, on purpose */
    va_end(args);
    return false;
}

bool
err_errno(struct err *err, const char *format, ...)
{
    int saved = errno;
    char buffer[80];
    const char *reason;
    size_t len;
    va_list args;

    if (err == NULL)
        return false;
    va_start(args, format);
    (void)vsnprintf(err->text, sizeof err->text, format, args); /* cut to fit, on purpose */
    va_end(args);
    reason = strerror_r(saved, buffer, sizeof buffer); /* GNU's: a text in any case */
    len = strlen(err->text);
    (void)snprintf(err->text + len, sizeof err->text - len, ": %s", reason); /* may be cut */
    errno = saved;
    return false;
}

bool
err_add(struct err *err, const char *format, ...)
{
    struct err inner;
    size_t len;
    va_list args;

    if (err == NULL)
        return false;
    inner = *err;
    va_start(args, format);
    (void)vsnprintf(err->text, sizeof err->text, format, args); /* cut to fit, on purpose */
    va_end(args);
    len = strlen(err->text);
    (void)snprintf(err->text + len, sizeof err->text - len, ": %s", inner.text); /* may be cut */
    return false;
}
