/* Names of records in etcd; see etcd_inner.h */
#include <stdio.h>
#include <string.h>

#include "share/etcd_inner.h"

#define DIGITS 16U

void
etcd_name_write(char *out, const struct etcd *etcd, const struct engine_name *name)
{
    (void)snprintf(out, ETCD_KEY_MAX, "%s%016llx", etcd->from[name->kind], /* fits */
                   (unsigned long long)name->sender);
}

/* In the one way in which it is written: lower-case digits. */
bool
etcd_name_read(uint64_t *sender, const struct etcd *etcd, enum record_kind kind, const char *key,
               size_t len)
{
    static const char digits[] = "0123456789abcdef";
    size_t front = strlen(etcd->from[kind]);
    uint64_t value = 0;

    if (len != front + DIGITS || memcmp(key, etcd->from[kind], front) != 0)
        return false;
    for (size_t i = front; i < len; i++) {
        const char *digit = key[i] == '\0' ? NULL : strchr(digits, key[i]);

        if (digit == NULL)
            return false;
        value = value << 4 | (uint64_t)(digit - digits);
    }
    if (value == 0)
        return false;
    *sender = value;
    return true;
}
