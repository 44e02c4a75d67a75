/* see terminal.h */
#include "io/terminal.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define COLUMNS_ELSE 80U

bool
terminal_is(FILE *file)
{
    return isatty(fileno(file)) == 1;
}

unsigned
terminal_rows(FILE *file)
{
    struct winsize size;

    return ioctl(fileno(file), TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

unsigned
terminal_columns(FILE *file)
{
    struct winsize size;

    return ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                          : COLUMNS_ELSE;
}

bool
terminal_is_utf8(void)
{
    locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    bool is_utf8 = locale != (locale_t)0 && strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;

    if (locale != (locale_t)0)
        freelocale(locale);
    return is_utf8;
}

static void
stop_signals(sigset_t *set)
{
    (void)sigemptyset(set); /* these fail for unknown signals only */
    (void)sigaddset(set, SIGINT);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGHUP);
}

bool
terminal_hold_signals(void)
{
    sigset_t set;

    stop_signals(&set);
    return sigprocmask(SIG_BLOCK, &set, NULL) == 0;
}

bool
terminal_wait(unsigned seconds)
{
    struct timespec limit = {.tv_sec = (time_t)seconds, .tv_nsec = 0};
    sigset_t set;

    stop_signals(&set);
    for (;;) {
        if (sigtimedwait(&set, NULL, &limit) > 0)
            return true;
        if (errno != EINTR) /* after a stop and continuation the wait begins anew */
            return false;
    }
}
