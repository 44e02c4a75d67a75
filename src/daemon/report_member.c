/* see report.h: a keyset's farm as its member knows it */
#include "daemon/report_fleet.h"
#include "daemon/report_inner.h"

struct view {
    struct report_farm farm;
    struct report_engine engines[MEMBER_ENGINES_MAX];
};

/* False where there is none. */
static bool
look_at(struct view *view, const struct service *service)
{
    const struct member *member = service->member;

    if (member_is_alone(member))
        return false;
    for (size_t i = 0; i < member->engine_count; i++) {
        const struct engine *engine = member->engines[i].engine;

        view->engines[i] = (struct report_engine){.name = member->shares.all[i].kind->name,
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
