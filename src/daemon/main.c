/* stekd: arguments, start and end of the process. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/stekd.h"
#include "io/disk.h"
#include "io/file.h"
#include "io/sandbox.h"

enum { DONE = 0, FAILED = 1, USAGE = 2 };

struct arguments {
    bool check, in_front, open_air, help, version;
    const char *config_path; /* NULL: not given */
    const char *run_dir;
};

static const char usage[] =
    "usage: stekd [-n] [-f] [-S] [-c FILE] [-r RUNDIR]\n"
    "Make, rotate and revoke the TLS session ticket keys of this host's servers.\n"
    "  -c FILE    configuration (default " CONFIG_PATH "; if that is not there,\n"
    "             one keyset \"default\" with a new key every hour)\n"
    "  -r RUNDIR  rings and control socket (default " CONTROL_RUNDIR ")\n"
    "  -f         stay in front, log to the standard error (else: detach, log to syslog)\n"
    "  -n         check the configuration, say what it means, and exit\n"
    "  -S         do without the sandbox that it else puts itself into, to look for trouble\n"
    "  -h, -V     show this help, the version\n"
    "SIGHUP reads the configuration again; SIGTERM stops stekd, and keys live on until they end.\n"
    "Exit status: 0 done, 1 failed, 2 usage. See stekd(8), stekd.conf(5), stekctl(8).\n";

static bool
parse(struct arguments *arguments, int argc, char **argv)
{
    int option;

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    while ((option = getopt(argc, argv, "nfSc:r:hV")) != -1) {
        switch (option) {
        case 'n': arguments->check = true; break;
        case 'f': arguments->in_front = true; break;
        case 'S': arguments->open_air = true; break;
        case 'c': arguments->config_path = optarg; break;
        case 'r': arguments->run_dir = optarg; break;
        case 'h': arguments->help = true; break;
        case 'V': arguments->version = true; break;
        default: return false;
        }
    }
    if (optind < argc)
        (void)fprintf(stderr, "stekd: %s: takes no further arguments\n", argv[optind]);
    return optind == argc;
}

/* Seconds in the largest unit that leaves no rest. */
static void
print_time(const char *name, uint64_t seconds)
{
    static const struct {
        uint64_t seconds;
        char unit;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    size_t i = 0;

    while (seconds % units[i].seconds != 0)
        i++;
    if (seconds == 0)
        i = 3;
    (void)printf("  %s = %llu%c", name, (unsigned long long)(seconds / units[i].seconds),
                 units[i].unit);
}

static int
print_config(const struct config *config, const char *path)
{
    (void)printf("%s: %s, %zu %s\n", path,
                 config->is_built_in ? "not there, so this applies" : "good", config->count,
                 config->count == 1 ? "keyset" : "keysets");
    for (size_t i = 0; i < config->count; i++) {
        const struct config_keyset *keyset = &config->keysets[i];

        (void)printf("%s:", keyset->name);
        print_time("rotate", keyset->policy.rotate_s);
        print_time("lifetime", keyset->policy.lifetime_s);
        print_time("patience", keyset->policy.patience_s);
        print_time("max_session", keyset->policy.max_session_s);
        (void)printf("  capacity = %u  keys = %s%s%s%s%s", keyset->capacity,
                     keyset->policy.each ? "each" : "one",
                     keyset->group.name[0] == '\0' ? "" : "  group = ", keyset->group.name,
                     keyset->persist[0] == '\0' ? "" : "  persist = ", keyset->persist);
        for (size_t n = 0; n < keyset->shares.count; n++)
            (void)printf("  share \"%s\"", keyset->shares.all[n].kind->name);
        (void)printf("\n");
    }
    for (size_t i = 0; i < config->metrics.listen.count; i++)
        (void)printf("%s%s", i == 0 ? "metrics:  listen = " : ", ",
                     config->metrics.listen.addresses[i].text);
    if (config->metrics.listen.count > 0)
        (void)printf("\n");
    if (config->control.admin.name[0] != '\0' || config->control.observer.name[0] != '\0')
        (void)printf(
            "control:%s%s%s%s\n",
            config->control.admin.name[0] == '\0' ? "" : "  admin = ", config->control.admin.name,
            config->control.observer.name[0] == '\0' ? "" : "  observer = ",
            config->control.observer.name);
    return fflush(stdout) == 0 ? DONE : FAILED; /* tells of the ones before, too */
}

static struct log
choose_log(struct journal *journal, bool in_front)
{
    if (!in_front) {
        (void)journal_open(journal, LOG_SYSLOG); /* without it, it is as if nobody listened */
        return log_to_syslog(journal);
    }
    if (journal_has_stderr() && journal_open(journal, JOURNAL_SOCKET))
        return log_to_journal(journal);
    return log_to_stderr();
}

/* From here on it can do little more than it has to; what the system lacks is told. */
static void
enter_sandbox(const struct stekd *stekd)
{
    const char *folders[CONFIG_KEYSETS_MAX * (1 + MEMBER_FOLDERS_MAX) + 2] = {stekd->run_dir,
                                                                              disk_state_folder()};
    struct err err = {""};
    size_t count = 2;

    for (size_t i = 0; i < stekd->count; i++) {
        if (stekd->services[i]->persist != NULL)
            folders[count++] = persist_folder(stekd->services[i]->persist);
        count += member_folders(stekd->services[i]->member, &folders[count]);
    }
    if (!sandbox_confine_writes(folders, count, &err))
        log_warn(&stekd->log, "sandbox: %s", err.text);
    if (!sandbox_filter_calls(&err))
        log_warn(&stekd->log, "sandbox: %s", err.text);
}

static int
work(const struct stekd_options *options, const struct config *config,
     const struct arguments *arguments, struct err *err)
{
    struct journal journal = {.fd = -1};
    const struct log log = choose_log(&journal, arguments->in_front);
    int ready_fd = -1;
    struct stekd *stekd;
    bool ok;

    if (!arguments->in_front && !process_detach(&ready_fd, err))
        return FAILED;
    stekd = stekd_start(options, config, &log, err);
    if (stekd == NULL)
        return FAILED;
    process_ready(&ready_fd);
    if (!arguments->open_air)
        enter_sandbox(stekd);
    audit_start(&stekd->log, stekd->run_dir, stekd->count);
    stekd_tell(stekd, NOTIFY_READY);
    ok = stekd_run(stekd, err);
    audit_stop(&stekd->log, stekd->run_dir);
    stekd_stop(&stekd);
    journal_close(&journal);
    return ok ? DONE : FAILED;
}

static int
run(const struct arguments *arguments, struct err *err)
{
    struct stekd_options options = {.run_dir = arguments->run_dir};
    bool is_default = arguments->config_path == NULL;
    char *absolute = is_default ? strdup(CONFIG_PATH) : file_absolute(arguments->config_path, err);
    struct config config = {0};
    int status = FAILED;

    options.config_path = absolute;
    if (absolute != NULL && config_load(&config, absolute, is_default, err))
        status = arguments->check ? print_config(&config, absolute)
                                  : work(&options, &config, arguments, err);
    config_free(&config);
    free(absolute);
    return status;
}

int
main(int argc, char **argv)
{
    struct arguments arguments = {.run_dir = CONTROL_RUNDIR};
    struct err err = {""};
    const struct log log = log_to_stderr();
    int status;

    if (!process_keep_standard(&err))
        return FAILED; /* there is nowhere to tell it */
    if (!parse(&arguments, argc, argv)) {
        (void)fputs("try: stekd -h\n", stderr); /* nowhere to tell if it fails */
        return USAGE;
    }
    if (arguments.help || arguments.version) {
        (void)fputs(arguments.help ? usage : "stekd " STEK_VERSION "\n", stdout);
        return fflush(stdout) == 0 ? DONE : FAILED;
    }
    if (!process_harden(&err)) {
        log_warn(&log, "%s", err.text);
        return FAILED;
    }
    status = run(&arguments, &err);
    if (status == FAILED && err.text[0] != '\0')
        log_warn(&log, "%s", err.text);
    return status;
}
