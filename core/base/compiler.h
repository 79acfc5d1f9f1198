/*
 * compiler.h - what the C language does not say by itself.
 * GNU attributes and builtins of the core live here, so that the code reads as plain C11;
 * those of the public headers are in <hearth/types.h>.
 */
#ifndef HEARTH_BASE_COMPILER_H
#define HEARTH_BASE_COMPILER_H

#include <stddef.h>

#include <hearth/types.h>

#define HEARTH_LIKELY(cond_)   __builtin_expect(!!(cond_), 1)
#define HEARTH_UNLIKELY(cond_) __builtin_expect(!!(cond_), 0)
#define HEARTH_NOINLINE        __attribute__((noinline))
#define HEARTH_FALLTHROUGH     __attribute__((fallthrough))

/* Bytes that are judged together: operators work on each, and comparisons give 0 or 255. */
typedef unsigned char hearth_bytes16 __attribute__((vector_size(16)));

/* From a pointer to a member to the struct around it. */
#define HEARTH_CONTAINER_OF(ptr_, type_, member_)                                                  \
    ((type_ *)(void *)((char *)(ptr_)-offsetof(type_, member_)))

#define HEARTH_COUNT(array_) (sizeof(array_) / sizeof((array_)[0]))

/* 1 when AddressSanitizer watches: then allocators of ours step aside, so that it sees every
 * object. */
#if defined(__SANITIZE_ADDRESS__)
#define HEARTH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HEARTH_ASAN 1
#endif
#endif
#ifndef HEARTH_ASAN
#define HEARTH_ASAN 0
#endif

#endif
