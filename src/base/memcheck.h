/* memcheck.h - tell valgrind and MemorySanitizer which bytes are secret or wiped.
 *
 * Bytes marked undefined that decide a branch or an index are reported: so a test marks a secret
 * undefined and proves that code is constant-time, and a wipe marks what it wiped. */
#ifndef BASE_MEMCHECK_H
#define BASE_MEMCHECK_H

#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>
#define MEM_UNDEFINE(p, n) __msan_allocated_memory((p), (n))
#define MEM_DEFINE(p, n) __msan_unpoison((p), (n))
#endif
#endif

#if !defined(MEM_UNDEFINE) && defined(STEK_MEMCHECK)
#include <valgrind/memcheck.h>
#define MEM_UNDEFINE(p, n) (void)VALGRIND_MAKE_MEM_UNDEFINED((p), (n))
#define MEM_DEFINE(p, n) (void)VALGRIND_MAKE_MEM_DEFINED((p), (n))
#endif

#if !defined(MEM_UNDEFINE)
#define MEM_UNDEFINE(p, n) ((void)(p), (void)(n))
#define MEM_DEFINE(p, n) ((void)(p), (void)(n))
#endif

#endif
