/* setup_text.h - what "stekctl setup" writes for systemd. Pure: texts from a configuration. */
#ifndef CLI_SETUP_TEXT_H
#define CLI_SETUP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

#define SETUP_SERVER_MAX 200U
#define SETUP_NAME_MAX (sizeof "stek-reload--" + CONTROL_KEYSET_MAX + SETUP_SERVER_MAX)

/* This server is reloaded whenever files that are published for this keyset change. */
struct setup_reload {
    char keyset[CONTROL_KEYSET_MAX + 1];
    char server[SETUP_SERVER_MAX + 1]; /* "haproxy.service" */
};

/* `server` may lack its ".service". False for what cannot name a unit, or a keyset. */
bool setup_reload_set(struct setup_reload *reload, const char *keyset, const char *server);

/* "stek-reload-www-haproxy", for its two units. Returns `out`. */
char *setup_reload_name(char out[SETUP_NAME_MAX], const struct setup_reload *reload);

/* All to be freed; NULL for lack of memory. A drop-in for stekd.service of what the configuration
 * needs beyond it, "" if nothing; the unit that watches; the unit that reloads. */
char *setup_drop_in(const struct config *config);
char *setup_path_unit(const struct setup_reload *reload);
char *setup_service_unit(const struct setup_reload *reload);

/* True if a text is one of these; and what it reloads: false if nothing. */
bool setup_is_ours(const char *text);
bool setup_reload_read(struct setup_reload *reload, const char *text);

#endif
