/* see hint.h */
#include "config/hint.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "config/section.h"

/* A message that grows. */
struct message {
    char *text;
    size_t size;
};

static void say(struct message *message, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(struct message *message, const char *format, ...)
{
    size_t len = strlen(message->text);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message->text + len, message->size - len, format, args); /* cut to fit */
    va_end(args);
}

/* The kind of that name, in `section` or below; NULL if there is none. */
static const struct config_section *
find_kind(const struct config_section *section, const char *name)
{
    const struct config_section *found = strcmp(section->name, name) == 0 ? section : NULL;

    for (size_t i = 0; found == NULL && section->nested[i] != NULL; i++)
        found = find_kind(section->nested[i], name);
    return found;
}

static void
say_section(struct message *message, const struct config_section *kind)
{
    say(message, "%s%s { ... }", kind->name, kind->is_titled ? " \"NAME\"" : "");
}

static void
say_content(struct message *message, const struct config_section *kind)
{
    const char *comma = ": only ";

    for (size_t i = 0; kind->options[i].name != NULL; i++) {
        say(message, "%s%s", comma, kind->options[i].name);
        comma = ", ";
    }
    for (size_t i = 0; kind->named != NULL && kind->named->name(i) != NULL; i++) {
        say(message, "%s%s", comma, kind->named->name(i));
        comma = ", ";
    }
    for (size_t i = 0; kind->nested[i] != NULL; i++) {
        say(message, "%s", comma);
        say_section(message, kind->nested[i]);
        comma = ", ";
    }
    say(message, " may stand here");
}

/* The section whose name the message quotes. */
static const struct config_section *
find_quoted(const char *text)
{
    const char *begin = strchr(text, '\'');
    char name[CONTROL_KEYSET_MAX + 1] = "";

    if (begin != NULL)
        (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(begin + 1, "'"), begin + 1);
    return name[0] == '\0' ? NULL : find_kind(&config_root, name);
}

void
config_hint(char *text, size_t size, const char *format, const char *section)
{
    static const struct {
        const char *format, *hint;
    } hints[] = {
        {"missing equal sign", ": write OPTION = VALUE"},
        {"found duplicate title", ": sections of a kind need names of their own"},
        {"premature end of file", ": an option or section is cut short"},
        {"unexpected token", ": write OPTION = VALUE"},
    };
    const struct config_section *kind = find_kind(&config_root, section);
    const struct config_section *quoted = find_quoted(text);
    struct message message = {.text = text, .size = size};

    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        if (strncmp(format, hints[i].format, strlen(hints[i].format)) == 0)
            say(&message, "%s", hints[i].hint);
    }
    if (kind != NULL && strncmp(format, "no such option", 14) == 0)
        say_content(&message, kind);
    if (quoted != NULL && (strncmp(format, "missing title", 13) == 0 ||
                           strncmp(format, "missing opening brace", 21) == 0)) {
        say(&message, ": write ");
        say_section(&message, quoted);
    }
}
