/* A mapped file is cut short by others; see process.h */
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/process.h"

/* A page that was mapped from a file and is behind its end now is no page at all: put one there.
 * The access is then repeated. All else that is told by this signal is a fault of hardware. */
static void
on_bus_error(int number, siginfo_t *info, void *context)
{
    uintptr_t page_len = (uintptr_t)sysconf(_SC_PAGESIZE);
    uint8_t *page = (uint8_t *)info->si_addr - (uintptr_t)info->si_addr % page_len;

    (void)context;
    if (info->si_code != BUS_ADRERR ||
        mmap(page, page_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
             0) == MAP_FAILED)
        (void)signal(number, SIG_DFL); /* then the repeated access ends us */
}

bool
process_outlive_cut_files(struct err *err)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO};

    action.sa_sigaction = on_bus_error;
    (void)sigemptyset(&action.sa_mask); /* fails for no set only */
    return sigaction(SIGBUS, &action, NULL) == 0 || err_errno(err, "SIGBUS cannot be handled");
}
