/* see screen.h */
#include "io/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "io/terminal.h"

#define ENTER "\033[?1049h\033[?25l\033[?7l" /* the other page, no cursor, no wrapping of lines */
#define LEAVE "\033[?7h\033[?25h\033[?1049l"
#define TO_TOP "\033[H"
#define CLEAR_LINE "\033[K"
#define PLAIN "\033[0m"
#define CLEAR_BELOW "\033[J"

static void
fill_signals(sigset_t *set, bool is_full)
{
    static const int stops[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT}, full[] = {SIGTSTP, SIGWINCH};

    (void)sigemptyset(set); /* these fail for unknown signals only */
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++)
        (void)sigaddset(set, stops[i]);
    for (size_t i = 0; is_full && i < sizeof full / sizeof *full; i++)
        (void)sigaddset(set, full[i]);
}

/* ---- there and back ---- */

static void
enter(struct screen *screen)
{
    struct termios keys = screen->before;

    keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO); /* each key at once, and unseen */
    if (screen->has_keys)
        screen->has_keys = tcsetattr(STDIN_FILENO, TCSANOW, &keys) == 0;
    (void)fputs(ENTER, screen->out); /* what cannot be written, screen_draw() finds out */
}

static void
leave(struct screen *screen)
{
    (void)fputs(LEAVE, screen->out); /* there is nobody left to tell */
    (void)fflush(screen->out);
    if (screen->has_keys)
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &screen->before);
}

bool
screen_open(struct screen *screen, FILE *out, bool is_full, struct err *err)
{
    sigset_t set;

    *screen = (struct screen){.out = out, .signals = -1, .is_full = is_full};
    fill_signals(&set, is_full);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return err_errno(err, "cannot wait for signals");
    screen->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (screen->signals < 0)
        return err_errno(err, "cannot wait for signals");
    screen->has_keys = is_full && tcgetattr(STDIN_FILENO, &screen->before) == 0;
    if (is_full)
        enter(screen);
    return true;
}

void
screen_close(struct screen *screen)
{
    if (screen->signals < 0)
        return;
    if (screen->is_full)
        leave(screen);
    (void)close(screen->signals); /* nothing was written to it */
    screen->signals = -1;
}

/* How much of a line fits into so many columns: a character of UTF-8 takes one, and what begins
 * with an escape, up to a letter, none. */
static size_t
fit(const char *line, size_t len, unsigned columns)
{
    size_t at = 0;
    unsigned used = 0;

    while (at < len) {
        if (line[at] == '\033') {
            at += strcspn(line + at, "mhlHKJ");
        } else if (((unsigned char)line[at] & 0xc0U) != 0x80U && ++used > columns) {
            return at;
        }
        at++;
    }
    return len;
}

bool
screen_draw(const struct screen *screen, const char *text)
{
    unsigned rows = terminal_rows(screen->out), row = 0;
    unsigned columns = terminal_columns(screen->out);

    (void)fputs(TO_TOP, screen->out); /* all of it: fflush() tells */
    for (; *text != '\0' && (rows == 0 || row < rows); row++) {
        size_t len = strcspn(text, "\n"), fits = fit(text, len, columns);

        /* cleared before: behind a full line it would take the last character */
        (void)fprintf(screen->out, "%s" CLEAR_LINE "%.*s%s", row > 0 ? "\r\n" : "", (int)fits, text,
                      fits < len ? PLAIN : "");
        text += len + (text[len] == '\n');
    }
    (void)fputs(rows == 0 || row < rows ? "\r\n" CLEAR_BELOW : "", screen->out);
    return fflush(screen->out) == 0;
}

/* ---- what happens ---- */

/* Not until it is continued. */
static void
suspend(struct screen *screen)
{
    leave(screen);
    (void)raise(SIGSTOP); /* cannot fail */
    enter(screen);
}

/* True with an event that is one for the caller. */
static bool
take_signal(struct screen *screen, enum screen_event *event)
{
    struct signalfd_siginfo info;

    if (read(screen->signals, &info, sizeof info) != (ssize_t)sizeof info)
        return false;
    *event = SCREEN_DRAW;
    if (info.ssi_signo == SIGTSTP)
        suspend(screen);
    else if (info.ssi_signo != SIGWINCH)
        *event = SCREEN_STOP;
    return true;
}

static bool
take_keys(struct screen *screen)
{
    char keys[64];
    ssize_t len = read(STDIN_FILENO, keys, sizeof keys);

    if (len <= 0) /* nobody types any more */
        screen->has_keys = false;
    return len > 0 && memchr(keys, 'q', (size_t)len) != NULL;
}

uint64_t
screen_clock_ms(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

enum screen_event
screen_wait(struct screen *screen, unsigned milliseconds)
{
    uint64_t until = screen_clock_ms() + milliseconds, now = until - milliseconds;
    enum screen_event event;

    for (; now < until; now = screen_clock_ms()) {
        struct pollfd waits[] = {{.fd = screen->signals, .events = POLLIN},
                                 {.fd = screen->has_keys ? STDIN_FILENO : -1, .events = POLLIN}};
        int ready = poll(waits, 2, (int)(until - now));

        if (ready < 0 && errno != EINTR)
            return SCREEN_STOP; /* rather than turn in circles */
        if (ready > 0 && waits[0].revents != 0 && take_signal(screen, &event))
            return event;
        if (ready > 0 && waits[1].revents != 0 && take_keys(screen))
            return SCREEN_STOP;
    }
    return SCREEN_TIME;
}
