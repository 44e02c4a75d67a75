/* see sandbox.h; for builds without libseccomp, and with sanitizers, whose calls are not ours */
#include "io/sandbox.h"

bool
sandbox_filter_calls(struct err *err)
{
    return err_set(err, "system calls are not filtered: this stekd is built without libseccomp");
}
