/*
 * types.h - the few types that every other header of the SDK is written in.
 * It includes <stddef.h> and <stdint.h> and nothing else, as does the whole SDK.
 */
#ifndef HEARTH_TYPES_H
#define HEARTH_TYPES_H

#include <stddef.h>
#include <stdint.h>

/*
 * THREADS. Every function and callback of the SDK carries one of these tags.
 *   [main]  the thread that runs main(); no loop is running yet, or none is running any more
 *   [loop]  the loop thread that owns the object named first; never concurrent for one object
 *   [any]   any thread, also concurrently
 * A debug host asserts them. A callback runs on the loop that made the call, unless said otherwise.
 *
 * OWNERSHIP. What a function is given is borrowed until it returns, unless said otherwise; what a
 * callback is given is borrowed until the callback returns. `_take` transfers, `_dup` copies.
 */

#if defined(__GNUC__)
#define HEARTH_PRINTF(fmt_, args_) __attribute__((format(printf, fmt_, args_)))
#define HEARTH_MUST_CHECK          __attribute__((warn_unused_result))
#define HEARTH_EXPORT              __attribute__((visibility("default")))
#else
#define HEARTH_PRINTF(fmt_, args_)
#define HEARTH_MUST_CHECK
#define HEARTH_EXPORT
#endif

/* UTF-8 by length, not NUL-terminated, passed by value. {NULL, 0} is the empty string. */
typedef struct hearth_str {
    const char *ptr;
    size_t len;
} hearth_str;

#ifdef __cplusplus
#define HEARTH_STR(literal_) (hearth_str{("" literal_), sizeof(literal_) - 1})
#else
#define HEARTH_STR(literal_) ((hearth_str){("" literal_), sizeof(literal_) - 1})
#endif

/* For printf: printf("%" HEARTH_PRIS, HEARTH_ARG(s)). */
#define HEARTH_PRIS    ".*s"
#define HEARTH_ARG(s_) ((s_).len > 0x7fffffff ? 0x7fffffff : (int)(s_).len), (s_).ptr

/* Whether a struct that came from the other side is large enough to hold a member. */
#define HEARTH_HAS(p_, member_)                                                                    \
    ((p_)->struct_size >= offsetof(__typeof__(*(p_)), member_) + sizeof((p_)->member_))

/* Negative is failure. The set is closed per ABI major; a number is never given a second meaning.
 */
typedef enum hearth_status {
    HEARTH_OK = 0,
    HEARTH_DEFERRED = 1,      /* taken; the outcome comes later */
    HEARTH_EINVAL = -1,       /* the caller's argument or the client's input is wrong */
    HEARTH_ENOMEM = -2,       /* out of memory, or a ceiling was reached */
    HEARTH_ENOTFOUND = -3,    /* no such thing */
    HEARTH_ECONFLICT = -4,    /* something else is there than the caller expected */
    HEARTH_EAUTH = -5,        /* not identified */
    HEARTH_ETIMEOUT = -6,     /* no outcome in time: it may or may not have happened */
    HEARTH_EUNAVAILABLE = -7, /* try again later; nothing has happened */
    HEARTH_ECANCELED = -8,    /* stopped by the caller or by shutdown */
    HEARTH_EINTERNAL = -9,    /* a defect or a broken dependency; the log says which */
    HEARTH_EFORBIDDEN = -10   /* identified, but not allowed */
} hearth_status;

#endif
