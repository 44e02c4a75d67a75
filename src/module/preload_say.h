/* preload_say.h - inside the preload: its one line on stderr. */
#ifndef MODULE_PRELOAD_SAY_H
#define MODULE_PRELOAD_SAY_H

/* What is said once each: an enum stek_status, or one of these. */
#define PRELOAD_SAY_APPDATA 29U
#define PRELOAD_SAY_SETUP 30U
#define PRELOAD_SAY_WARNING 31U

/* Remember which stderr the process was started with. Before all else. */
void preload_say_begin(void);

void preload_say(unsigned once, const char *what, const char *why);

#endif
