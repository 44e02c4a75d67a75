/* How stekctl waits for the hosts of a farm behind an order: against answers, one after the other,
 * of a server of our own, made of a golden answer of stekd's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/fleet.h"
#include "golden_support.h"

#define HOSTS 4U /* of the golden answer, itself among them */

/* Who agrees in an answer, by its place; itself always does. */
struct answer {
    bool agrees[HOSTS];
};

static json_t *
make(const struct answer *answer, unsigned number)
{
    char *text = golden_read("fleet_well.json");
    json_t *root = json_loads(text, 0, NULL), *host;
    json_t *farm = json_object_get(root, "farm");
    size_t i;

    free(text);
    (void)json_object_set_new(farm, "boot_ms", json_integer(1000 + number));
    (void)json_object_set_new(farm, "looked_boot_ms", json_integer(999 + number));
    json_array_foreach(json_object_get(root, "hosts"), i, host)(void)
        json_object_set_new(host, "agrees", json_boolean(answer->agrees[i]));
    return root;
}

static void
give(int client, const struct answer *answer, unsigned number)
{
    json_t *root = make(answer, number);
    char *text = json_dumps(root, JSON_COMPACT), request[1024];

    if (read(client, request, sizeof request) > 0)
        (void)dprintf(client,
                      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                      "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                      strlen(text), text); /* who asked tells */
    free(text);
    json_decref(root);
}

/* In a process of its own: the answers in turn, then no more. */
static pid_t
serve(const char *folder, const struct answer *answers, unsigned count)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pid_t pid;

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", folder, CONTROL_SOCKET);
    if (server < 0 || bind(server, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(server, 8) != 0)
        return -1;
    pid = fork();
    for (unsigned i = 0; pid == 0 && i < count; i++) {
        int client = accept(server, NULL, NULL);

        give(client, &answers[i], i);
        (void)close(client);
    }
    if (pid == 0)
        _exit(0);
    (void)close(server);
    return pid;
}

/* What is told in the end; to be freed. */
static char *
wait_for(const struct answer *answers, unsigned count, bool *ok, struct err *err)
{
    char folder[] = "/tmp/stek-test-XXXXXX", path[64], *text = NULL;
    const struct fleet_wait wait = {.keyset = "www"};
    size_t len = 0;
    struct cli cli = {.rundir = folder, .timeout_ms = 60000};
    json_t *result = json_object();
    pid_t pid;

    *ok = false;
    if (mkdtemp(folder) == NULL)
        return NULL;
    cli.out = open_memstream(&text, &len);
    pid = serve(folder, answers, count);
    *ok = fleet_confirm(&cli, result, &wait, err);
    (void)fclose(cli.out);
    json_decref(result);
    if (pid > 0)
        (void)waitpid(pid, NULL, 0);
    (void)snprintf(path, sizeof path, "%s/%s", folder, CONTROL_SOCKET);
    (void)unlink(path);
    (void)rmdir(folder);
    return text;
}

static bool
all_confirm(const struct answer *answers, unsigned count)
{
    struct err err = {""};
    bool ok;
    char *text = wait_for(answers, count, &ok, &err);

    if (text == NULL || strcmp(text, "confirmed by 3 other hosts: db1, web2, web3\n") != 0)
        ok = false;
    if (!ok)
        printf("# %s%s\n", text == NULL ? "" : text, err.text);
    free(text);
    return ok;
}

static void
test_all_follow(void **state)
{
    static const struct answer answers[] = {{{false, true, true, false}},
                                            {{true, true, true, true}}};

    (void)state;
    assert_true(all_confirm(answers, 2));
}

/* A host that has followed counts, though by then newer keys are here that it does not hold yet. */
static void
test_newer_keys(void **state)
{
    static const struct answer answers[] = {
        {{true, true, false, true}}, {{false, true, false, true}}, {{false, true, true, false}}};

    (void)state;
    assert_true(all_confirm(answers, 3));
}

/* No answer any more: the order stands, and what is known of the hosts is not made up. */
static void
test_no_answer(void **state)
{
    static const struct answer answers[] = {{{true, true, false, true}}};
    struct err err = {""};
    bool ok;
    char *text = wait_for(answers, 1, &ok, &err);

    (void)state;
    assert_false(ok);
    assert_non_null(strstr(err.text, "it is done here, but whether other hosts follow"));
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_follow),
        cmocka_unit_test(test_newer_keys),
        cmocka_unit_test(test_no_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
