/* see member_inner.h: whose keys records are there, and which keys are in them */
#include <string.h>

#include "base/bytes.h"
#include "daemon/member_inner.h"
#include "keys/items.h"
#include "share/merge.h"

static struct member_carrier
carrier_of(uint64_t sender)
{
    struct member_carrier carrier = {.sequence = 0};
    struct writer w = writer_of(carrier.name, sizeof carrier.name);

    write_u64(&w, sender);
    return carrier;
}

/* NULL: nothing is known of a record of that host. */
static struct member_carrier *
find(const struct member *member, uint64_t sender)
{
    const struct member_carrier wanted = carrier_of(sender);
    size_t place =
        index_find(&member->carrier_index, member->carriers, sizeof *member->carriers, wanted.name);

    return place != SIZE_MAX ? &member->carriers[place] : NULL;
}

static struct member_word
word_of(const struct key *key, uint64_t sender)
{
    struct member_word word = {.name = {0}};
    struct writer w = writer_of(word.name, sizeof word.name);

    write_bytes(&w, key->name, KEY_NAME_LEN / 2); /* names are random: half of one tells it */
    write_u64(&w, sender);
    return word;
}

static uint64_t
sender_of(const struct member_word *word)
{
    struct reader r = reader_of(word->name, sizeof word->name);

    (void)read_u64(&r); /* of the key's name */
    return read_u64(&r);
}

bool
member_has_record(const struct member *member, uint64_t sender)
{
    const struct member_carrier *carrier = find(member, sender);

    return carrier != NULL && (carrier->held != 0 || sender == member->host);
}

bool
member_says(const struct member *member, uint64_t sender, const struct key *key)
{
    struct member_word word = word_of(key, sender);
    bool found;

    (void)items_place(member->words, member->word_count, sizeof *member->words, word.name,
                      &found); /* where it is does not matter */
    return found && member_has_record(member, sender);
}

/* ---- how many ---- */

/* Of records, by engine. */
struct census {
    size_t counts[MEMBER_ENGINES_MAX];
};

static void
census_add(struct census *census, const struct member *member, const struct member_carrier *carrier)
{
    for (size_t i = 0; i < member->engine_count; i++)
        census->counts[i] += carrier->held >> i & 1;
}

/* In the engine that has fewest, of those at work: some hosts may be in reach by that one alone. */
static size_t
census_least(const struct census *census, const struct member *member)
{
    size_t least = SIZE_MAX, most = 0;

    for (size_t i = 0; i < member->engine_count; i++) {
        const struct member_engine *at = &member->engines[i];
        bool is_at_work = at->engine != NULL && at->has_listed && (at->is_well || !at->is_told);

        if (is_at_work && census->counts[i] < least)
            least = census->counts[i];
        if (census->counts[i] > most)
            most = census->counts[i];
    }
    return least != SIZE_MAX ? least : most;
}

size_t
member_count_others(const struct member *member, const struct key *key)
{
    struct member_word first = word_of(key, 0);
    struct census census = {{0}};
    bool found;
    size_t place =
        items_place(member->words, member->word_count, sizeof *member->words, first.name, &found);

    for (; place < member->word_count; place++) {
        const struct member_word *word = &member->words[place];
        const struct member_carrier *carrier;

        if (memcmp(word->name, first.name, KEY_NAME_LEN / 2) != 0)
            break;
        carrier = find(member, sender_of(word));
        if (carrier != NULL && sender_of(word) != member->host)
            census_add(&census, member, carrier);
    }
    return census_least(&census, member);
}

static bool
is_word_of(const void *item, uint64_t sender)
{
    return sender_of(item) == sender;
}

static void
forget_words(struct member *member, uint64_t sender)
{
    (void)items_drop(member->words, &member->word_count, sizeof *member->words, is_word_of,
                     sender); /* it may have had none */
}

/* Without room it is as if the sender did not say it: then more hosts write it. */
static void
add_word(struct member *member, const struct key *key, uint64_t sender)
{
    struct member_word word = word_of(key, sender), *all = member->words;
    bool found;
    size_t place = items_place(all, member->word_count, sizeof *all, word.name, &found);

    if (found || member->word_count >= MEMBER_WORDS_MAX)
        return;
    all = items_reserve(all, member->word_count, &member->word_cap, sizeof *all, 1);
    if (all == NULL)
        return;
    member->words = all;
    items_insert(all, &member->word_count, sizeof *all, place, &word);
}

static struct member_carrier *
add(struct member *member, uint64_t sender)
{
    struct member_carrier *all = member->carriers;

    if (member->carrier_count >= FLEET_HOSTS_MAX)
        return NULL;
    all = items_reserve(all, member->carrier_count, &member->carrier_cap, sizeof *all, 1);
    if (all == NULL) /* as in add_word() */
        return NULL;
    member->carriers = all;
    if (!index_reserve(&member->carrier_index, all, member->carrier_count, sizeof *all))
        return NULL;
    all[member->carrier_count] = carrier_of(sender);
    index_add(&member->carrier_index, all, member->carrier_count, sizeof *all);
    return &all[member->carrier_count++];
}

void
member_note_record(struct member *member, const struct record_head *head, const struct keyset *said,
                   uint64_t now_ms)
{
    struct member_carrier *carrier = find(member, head->sender);

    if (carrier == NULL)
        carrier = add(member, head->sender);
    if (carrier == NULL ||
        (head->sequence < carrier->sequence && carrier->sequence <= now_ms + KEY_SKEW_MS))
        return; /* an older one, though by another engine it came later */
    if (head->sequence != carrier->sequence) /* else it is offered again */
        carrier->held = carrier->told = 0;
    carrier->sequence = head->sequence;
    carrier->withdrawn = merge_withdrawn(said);
    if (carrier->has_words) /* it takes all words to look through */
        forget_words(member, head->sender);
    carrier->has_words = said->key_count > 0;
    for (size_t i = 0; i < said->key_count; i++)
        add_word(member, &said->keys[i], head->sender);
}

void
member_note_held(struct member *member, const struct record_head *head, size_t engine)
{
    struct member_carrier *carrier = find(member, head->sender);

    if (carrier != NULL && carrier->sequence == head->sequence) {
        carrier->held |= 1U << engine;
        carrier->told |= 1U << engine;
    }
}

void
member_note_asked(struct member *member, size_t engine)
{
    for (size_t i = 0; i < member->carrier_count; i++)
        member->carriers[i].told &= ~(1U << engine);
}

/* What an engine has lost may come again, until its day is over. */
static bool
is_gone(const void *item, uint64_t oldest_day)
{
    const struct member_carrier *carrier = item;

    return carrier->held == 0 && farm_day_of(carrier->sequence) < oldest_day;
}

void
member_note_listed(struct member *member, size_t engine)
{
    uint64_t oldest_day = member->farm.first.number;

    for (size_t i = 0; i < member->carrier_count; i++) {
        struct member_carrier *carrier = &member->carriers[i];
        struct reader r = reader_of(carrier->name, sizeof carrier->name);

        if ((carrier->told & 1U << engine) == 0)
            carrier->held &= ~(1U << engine);
        carrier->told &= ~(1U << engine);
        if (is_gone(carrier, oldest_day) && carrier->has_words)
            forget_words(member, read_u64(&r));
    }
    if (items_drop(member->carriers, &member->carrier_count, sizeof *member->carriers, is_gone,
                   oldest_day))
        index_renew(&member->carrier_index, member->carriers, member->carrier_count,
                    sizeof *member->carriers);
}

void
member_forget_carriers(struct member *member)
{
    items_free(member->carriers, member->carrier_cap, sizeof *member->carriers);
    items_free(member->words, member->word_cap, sizeof *member->words);
    index_free(&member->carrier_index);
    member->carriers = NULL;
    member->words = NULL;
    member->carrier_count = member->carrier_cap = member->word_count = member->word_cap = 0;
    member->carried_count = 0;
}

uint64_t
member_said_withdrawn(const struct member *member)
{
    const struct member_carrier *own = find(member, member->host);

    return own == NULL ? 0 : own->withdrawn;
}

size_t
member_count_withdrawn(const struct member *member, uint64_t withdrawn)
{
    struct census census = {{0}};

    for (size_t i = 0; i < member->carrier_count; i++)
        if (member->carriers[i].withdrawn == withdrawn)
            census_add(&census, member, &member->carriers[i]);
    return census_least(&census, member);
}

bool
member_says_something(const struct member *member)
{
    bool is_said = member_said_withdrawn(member) != 0;

    for (size_t i = 0; i < member->word_count && !is_said; i++)
        is_said = is_word_of(&member->words[i], member->host);
    return is_said;
}
