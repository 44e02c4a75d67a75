/* see model.h */
#include "model.h"

#include <string.h>

#define LINGER 3600000

static enum model_may
is_before(int64_t a, int64_t b)
{
    if (a < b - MODEL_SLACK_MS)
        return MODEL_YES;
    return a > b + MODEL_SLACK_MS ? MODEL_NO : MODEL_EITHER;
}

const struct model_key *
model_find(const struct model *model, const uint8_t name[MODEL_NAME_LEN])
{
    for (size_t i = 0; i < model->count; i++) {
        if (memcmp(model->keys[i].name, name, MODEL_NAME_LEN) == 0)
            return &model->keys[i];
    }
    return NULL;
}

bool
model_learn(struct model *model, const struct model_key *key)
{
    if (model->count == MODEL_KEYS_MAX)
        return false;
    model->keys[model->count++] = *key;
    return true;
}

void
model_forget(struct model *model, int64_t now)
{
    size_t kept = 0;

    for (size_t i = 0; i < model->count; i++) {
        if (model->keys[i].over > now - LINGER)
            model->keys[kept++] = model->keys[i];
    }
    model->count = kept;
}

enum model_may
model_opens(const struct model_key *key, int64_t now)
{
    enum model_may may = key->is_gone ? MODEL_NO : is_before(now, key->over);

    return may == MODEL_YES && key->was_over ? MODEL_EITHER : may;
}

static bool
goes_before(const struct model_key *a, const struct model_key *b)
{
    if (a->is_emergency != b->is_emergency)
        return b->is_emergency;
    if (a->from != b->from)
        return a->from > b->from;
    return memcmp(a->name, b->name, MODEL_NAME_LEN) < 0;
}

const struct model_key *
model_sealing(const struct model *model, int64_t now)
{
    const struct model_key *best = NULL;

    for (size_t i = 0; i < model->count; i++) {
        const struct model_key *key = &model->keys[i];
        bool counts = !key->is_gone && (model->each || !key->is_each);

        if (counts && key->from <= now && now < key->until &&
            (best == NULL || goes_before(key, best)))
            best = key;
    }
    return best;
}

bool
model_may_seal(const struct model *model, const uint8_t *name, int64_t now)
{
    for (int64_t at = now - MODEL_SLACK_MS; at <= now + MODEL_SLACK_MS; at += 250) {
        const struct model_key *key = model_sealing(model, at);

        if (key == NULL ? name == NULL
                        : name != NULL && memcmp(key->name, name, MODEL_NAME_LEN) == 0)
            return true;
    }
    return false;
}

enum model_may
model_takes(const struct model_key *key, const struct model_key *named, int64_t now)
{
    enum model_may has_begun = is_before(key->from, now);
    enum model_may ended_since = is_before(named->made, key->until);

    if (has_begun == MODEL_NO || ended_since == MODEL_NO)
        return MODEL_NO;
    return has_begun == MODEL_YES && ended_since == MODEL_YES ? MODEL_YES : MODEL_EITHER;
}

bool
model_is_limited(const struct model *model, int64_t now, int64_t slack)
{
    return model->emergency >= 0 && now < model->emergency + 60000 &&
           now >= model->emergency_from + slack;
}

void
model_follow(struct model *model, int64_t offset)
{
    int64_t by = offset - model->offset;

    for (size_t i = 0; i < model->count; i++) {
        model->keys[i].made -= by;
        model->keys[i].from -= by;
        model->keys[i].until -= by;
        model->keys[i].over -= by;
    }
    model->emergency_from -= by;
    model->offset = offset;
}

void
model_step(struct model *model, int64_t offset)
{
    for (size_t i = 0; i < model->count; i++)
        model->keys[i].steps++;
    model->offset = offset;
}
