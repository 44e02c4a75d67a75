/* fault_wrap.h - inside fault: a wrapper for a call that the linker leads here. */
#ifndef TESTS_FAULT_WRAP_H
#define TESTS_FAULT_WRAP_H

#include <errno.h>

#include "fault.h"

/* WRAP(result, name, (parameters), (arguments), result of a failure, its errno) */
#define WRAP(result, name, parameters, arguments, failed, code) \
    result __real_##name parameters; \
    result __wrap_##name parameters; \
    result __wrap_##name parameters \
    { \
        if (!fault_fails(#name)) \
            return __real_##name arguments; \
        errno = code; \
        return failed; \
    }

#endif
