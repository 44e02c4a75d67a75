/* hint.h - what libConfuse's messages leave open: what would be right. Pure. */
#ifndef CONFIG_HINT_H
#define CONFIG_HINT_H

#include <stddef.h>

/* Put it behind a message made by `format`, about something in a section of that name ("": the
 * file as a whole); cut to fit. */
void config_hint(char *text, size_t size, const char *format, const char *section);

#endif
