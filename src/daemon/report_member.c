/* see report.h: a keyset's farm as its member knows it */
#include <stdio.h>

#include "daemon/report_fleet.h"
#include "daemon/report_inner.h"

#define NAME_MAX_LEN 31

struct view {
    struct report_farm farm;
    struct report_engine engines[MEMBER_ENGINES_MAX];
    char names[MEMBER_ENGINES_MAX][NAME_MAX_LEN + 1];
};

/* "directory", and "directory-2" where there is another one before. */
static const char *
name_engine(char name[NAME_MAX_LEN + 1], const struct member *member, size_t index)
{
    const char *kind = member->shares.all[index].kind->name;
    unsigned number = 1;

    for (size_t i = 0; i < index; i++)
        number += member->shares.all[i].kind == member->shares.all[index].kind;
    if (number == 1)
        (void)snprintf(name, NAME_MAX_LEN + 1, "%s", kind); /* a word of ours: it fits */
    else
        (void)snprintf(name, NAME_MAX_LEN + 1, "%s-%u", kind, number);
    return name;
}

/* False where there is none. */
static bool
look_at(struct view *view, const struct service *service)
{
    const struct member *member = service->member;

    if (member_is_alone(member))
        return false;
    for (size_t i = 0; i < member->engine_count; i++) {
        const struct engine *engine = member->engines[i].engine;

        view->engines[i] = (struct report_engine){.name = name_engine(view->names[i], member, i),
                                                  .state = {.text = "no memory to start it"}};
        if (engine != NULL)
            engine->kind->state(engine, &view->engines[i].state);
    }
    view->farm = (struct report_farm){.keyset = service->config.name,
                                      .id = member->farm.id,
                                      .fleet = &member->fleet,
                                      .set = &service->set,
                                      .policy = &service->config.policy,
                                      .generation = service_generation(service),
                                      .has_said = member->statuses_said > 0,
                                      .said_boot_ms = member->status_boot_ms,
                                      .keys_said = member->records_said,
                                      .statuses_said = member->statuses_said,
                                      .counts = member->inbox.counts,
                                      .engines = view->engines,
                                      .engine_count = member->engine_count};
    return true;
}

json_t *
report_service_farm(const struct service *service, struct ring_time now)
{
    struct view view;

    return look_at(&view, service) ? report_farm(&view.farm, now) : json_null();
}

json_t *
report_service_fleet(const struct service *service, const uint8_t *key, size_t max,
                     struct ring_time now)
{
    struct view view;

    if (look_at(&view, service))
        return report_fleet(&view.farm, key, max, now);
    return json_pack("{s:s, s:I, s:n, s:[]}", "keyset", service->config.name, "now",
                     (json_int_t)(now.unix_ms / 1000), "farm", "hosts");
}
