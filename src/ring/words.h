/* words.h - how the words of a ring are read and written. layout.h has the protocol.
 *
 * Words are relaxed atomics, ordered by two fences. Why that suffices (C17, 5.1.2.4 and 7.17.4): a
 * reader that got a word which the writer stored after a flip has, through its acquire fence, the
 * writer's release fence before it, so that its second load of `flip` sees that flip. So a copy
 * over which `flip` did not change holds nothing but what stood there at the first load.
 *
 * ThreadSanitizer does not model fences. Its builds use acquire loads and release stores for every
 * word instead: stronger than need be, the same protocol. */
#ifndef RING_WORDS_H
#define RING_WORDS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/memcheck.h"
#include "ring/layout.h"

#if defined(__SANITIZE_THREAD__)
#define WORD_NO_FENCES
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WORD_NO_FENCES
#endif
#endif

#if defined(WORD_NO_FENCES)
#define WORD_LOAD memory_order_acquire
#define WORD_STORE memory_order_release
#define WORD_FENCE(order) ((void)0)
#else
#define WORD_LOAD memory_order_relaxed
#define WORD_STORE memory_order_relaxed
#define WORD_FENCE(order) atomic_thread_fence(order)
#endif

/* Before each store of a writer; a test puts its own there, to let the writer die at each. */
#if !defined(WORD_STEP)
#define WORD_STEP() ((void)0)
#endif

static inline uint64_t
word_load(const ring_word *word)
{
    return atomic_load_explicit(word, WORD_LOAD);
}

/* Store what is new only: lines that readers have in their caches stay there. What that shows of a
 * secret is whether it stands there already; two secrets have no 64 bits in common. */
static inline void
word_put(ring_word *word, uint64_t value)
{
    bool same = word_load(word) == value;

    MEM_DEFINE(&same, sizeof same);
    if (same)
        return;
    WORD_STEP();
    atomic_store_explicit(word, value, WORD_STORE);
}

/* Store after everything that was stored before. */
static inline void
word_release(ring_word *word, uint64_t value)
{
    WORD_STEP();
    atomic_store_explicit(word, value, memory_order_release);
}

#endif
