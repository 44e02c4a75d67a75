/* see openssl_impl.h
 *
 * Tickets open before the server's SNI callback runs. Until then nobody can tell which SSL_CTX will
 * serve, nor whether that one demands a client certificate; and no ticket may spare a client that.
 * So where the server does not say which it will be, a ticket is bound to what all contexts of the
 * process demand: one sum over the names, verify mode and client CAs of each that does. Servers
 * that are set up alike have the same sum. One in which a virtual host was open has another, or
 * had another while it was. Each context counts, since two virtual hosts may share a certificate.
 *
 * Two contexts that accept, with the same names, may switch to different ones: of two ports, one
 * may be for clients with certificates. So a ticket is also bound to the place of the one that
 * accepted among those of the same names, and to their number. Where nothing is demanded, none of
 * this is in the ticket.
 *
 * The server may change a context after it was attached: the preload attaches those that are just
 * made. So we look at all of them again, once a second. */
#include "adapter/openssl_impl.h"

#include <stdlib.h>
#include <string.h>

/* All attached contexts, the newest first. OpenSSL frees a context without an argument of ours,
 * hence this one static: made once, then all under the lock. */
static struct {
    CRYPTO_RWLOCK *lock;
    struct openssl_demand *first;
    uint64_t looked_at;      /* ring time */
    bool is_new;             /* there are some that were never looked at */
    bool is_changed;         /* `sum` is no longer theirs */
    bool is_known;           /* it could be told */
    bool is_partial;         /* places were found without all that are newer */
    uint64_t generation;     /* of `sum`, and of places; from 1 */
    struct stek_context sum; /* all zero if nobody asks */
} process;

bool
openssl_process_init(void)
{
    process.lock = CRYPTO_THREAD_lock_new();
    process.is_known = true;
    process.generation = 1;
    return process.lock != NULL;
}

bool
openssl_process_add(struct openssl_demand *demand)
{
    if (!CRYPTO_THREAD_write_lock(process.lock))
        return false;
    demand->older = process.first;
    if (process.first != NULL)
        process.first->newer = demand;
    process.first = demand;
    process.is_new = true;
    (void)CRYPTO_THREAD_unlock(process.lock); /* fails only where it was not locked */
    return true;
}

bool
openssl_process_remove(struct openssl_demand *demand)
{
    if (!CRYPTO_THREAD_write_lock(process.lock))
        return false;
    if (demand->older != NULL)
        demand->older->newer = demand->newer;
    if (demand->newer != NULL)
        demand->newer->older = demand->older;
    else
        process.first = demand->older;
    if (demand->state != OPENSSL_ASKS_NOTHING)
        process.is_changed = true;
    process.generation++;
    (void)CRYPTO_THREAD_unlock(process.lock); /* as above */
    X509_free(demand->cert_held);
    return true;
}

/* ---- the sum ---- */

static int
compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct stek_context));
}

static bool
add_all(struct stek_context *sum, struct stek_context *hashes, size_t count)
{
    if (count > 1)
        qsort(hashes, count, sizeof *hashes, compare);
    for (size_t i = 0; i < count; i++)
        if (stek_context_add(sum, STEK_FIELD_CLIENT_AUTH, hashes[i].hash, sizeof hashes[i].hash,
                             openssl_hmac) != STEK_OK)
            return false;
    return true;
}

/* False where one cannot be told yet, or there is no memory. */
static bool
sum_up(struct stek_context *sum)
{
    const struct openssl_demand *demand;
    struct stek_context *hashes;
    size_t count = 0;
    bool done;

    for (demand = process.first; demand != NULL; demand = demand->older) {
        if (demand->state == OPENSSL_ASKS_UNREAD && demand->cert != NULL)
            return false;
        count += demand->state == OPENSSL_ASKS_CLIENTS;
    }
    stek_context_init(sum);
    if (count == 0)
        return true;
    hashes = calloc(count, sizeof *hashes);
    if (hashes == NULL)
        return false;
    count = 0;
    for (demand = process.first; demand != NULL; demand = demand->older)
        if (demand->state == OPENSSL_ASKS_CLIENTS)
            hashes[count++] = demand->hash;
    done = add_all(sum, hashes, count);
    free(hashes);
    return done;
}

static void
look_again(uint64_t now)
{
    const bool all = process.looked_at < now;

    for (struct openssl_demand *demand = process.first; demand != NULL && (all || !demand->is_seen);
         demand = demand->older)
        switch (openssl_demand_look(demand, now)) {
        case OPENSSL_SEEN_DEMAND: process.is_changed = true; break;
        case OPENSSL_SEEN_NAMES: process.generation++; break;
        case OPENSSL_SEEN_SAME: break;
        }
    if (all) {
        process.looked_at = now;
        process.generation += process.is_partial;
        process.is_partial = false;
    }
    process.is_new = false;
    if (!process.is_changed && process.is_known)
        return;
    process.is_changed = false;
    process.generation++;
    process.is_known = sum_up(&process.sum);
}

/* ---- what a ticket is bound to ---- */

struct place {
    uint32_t older; /* of the same names */
    uint32_t all;
};

/* False where it cannot be told yet: of newer ones another thread may always be at work on one, so
 * they count when they can be read. */
static bool
find_place(struct place *out, struct openssl_demand *demand, uint64_t now)
{
    struct place place = {0, 0};
    bool is_older = false;

    if (!openssl_demand_names(demand, now))
        return false;
    for (struct openssl_demand *other = process.first; other != NULL; other = other->older) {
        is_older = is_older || other == demand->older;
        if (!openssl_demand_names(other, now)) {
            if (is_older)
                return false;
            process.is_partial = true;
            continue;
        }
        if (compare(&other->names, &demand->names) == 0) {
            place.older += is_older;
            place.all++;
        }
    }
    *out = place;
    return true;
}

static bool
add_place(struct stek_context *bound, struct openssl_demand *demand, uint64_t now)
{
    struct place place;
    uint8_t bytes[8];

    if (!find_place(&place, demand, now))
        return false;
    for (size_t i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(place.older >> (24 - 8 * i));
        bytes[4 + i] = (uint8_t)(place.all >> (24 - 8 * i));
    }
    return stek_context_add(bound, STEK_FIELD_CLIENT_AUTH, bytes, sizeof bytes, openssl_hmac) ==
           STEK_OK;
}

static bool
bind_to(struct openssl_demand *demand, uint64_t now)
{
    static const struct stek_context zero;
    struct stek_context bound = process.sum;

    if (compare(&bound, &zero) != 0 && !add_place(&bound, demand, now))
        return false;
    demand->bound = bound;
    demand->bound_in = process.generation;
    return true;
}

static bool
is_fresh(uint64_t now)
{
    return process.looked_at >= now && !process.is_new && !process.is_changed;
}

bool
openssl_demands(struct stek_context *sum, SSL_CTX *accepting)
{
    struct openssl_record *record = openssl_record(accepting);
    struct openssl_demand *demand = &record->demand;
    const uint64_t now = stek_now();
    bool is_done;

    if (!CRYPTO_THREAD_read_lock(process.lock))
        return false;
    is_done = is_fresh(now) && process.is_known && demand->bound_in == process.generation;
    if (is_done)
        *sum = demand->bound;
    (void)CRYPTO_THREAD_unlock(process.lock);
    if (is_done)
        return true;
    if (!CRYPTO_THREAD_write_lock(process.lock))
        return false;
    if (!is_fresh(now)) /* else another thread was there */
        look_again(now);
    is_done = process.is_known && bind_to(demand, now);
    if (is_done)
        *sum = demand->bound;
    (void)CRYPTO_THREAD_unlock(process.lock);
    return is_done;
}
