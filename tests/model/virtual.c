/* see virtual.h */
#include "virtual.h"

#include <string.h>

#include "base/err.h"
#include "io/entropy.h"
#include "keys_support.h"
#include "sys/sys.h"

struct virtual_system virtual_system;

uint64_t __wrap_sys_boot_s(void);
uint64_t __wrap_sys_boot_ms(void);
uint64_t __wrap_sys_unix_ms(void);
bool __wrap_sys_boot_id(uint8_t out[SYS_BOOT_ID_LEN]);
bool __wrap_entropy_get(void *out, size_t len, struct err *err);

uint64_t
__wrap_sys_boot_s(void)
{
    return virtual_system.boot_ms / 1000;
}

uint64_t
__wrap_sys_boot_ms(void)
{
    return virtual_system.boot_ms;
}

uint64_t
__wrap_sys_unix_ms(void)
{
    return virtual_system.wall_ms;
}

bool
__wrap_sys_boot_id(uint8_t out[SYS_BOOT_ID_LEN])
{
    memset(out, 0x5a, SYS_BOOT_ID_LEN);
    memcpy(out, &virtual_system.boots, sizeof virtual_system.boots);
    return true;
}

bool
__wrap_entropy_get(void *out, size_t len, struct err *err)
{
    if (virtual_system.is_source_broken)
        return err_set(err, "broken for a test");
    rng_fill(&virtual_system.rng, out, len);
    return true;
}
