/*
 * check.h - what the tiny plugins of this folder share: a route answers "ok", or 500 with the first
 * condition that did not hold. The test of the same name is in tests/integration/test_sdk.py.
 */
#ifndef HEARTH_TESTS_SDK_CHECK_H
#define HEARTH_TESTS_SDK_CHECK_H

#include <stdlib.h>
#include <string.h>

#include <hearth/plugin.h>

#define STRING_(x_) #x_
#define STRING(x_)  STRING_(x_)

/* Ends a handler at the first condition that does not hold. */
#define CHECK(condition_)                                                                          \
    do {                                                                                           \
        if (!(condition_))                                                                         \
            return hearth_http_get(ctx)->error(req, 500, "INTERNAL", "%s",                         \
                                               __FILE__ ":" STRING(__LINE__) ": " #condition_);    \
    } while (0)

#define USE(id_, type_)                                                                            \
    {                                                                                              \
        .id = id_, .min_size = sizeof(type_)                                                       \
    }

static inline int same(hearth_str a, const char *b)
{
    return a.len == strlen(b) && memcmp(a.ptr, b, a.len) == 0;
}

static inline hearth_status ok(hearth_ctx *ctx, hearth_req *req)
{
    return hearth_http_get(ctx)->reply(req, 200, HEARTH_STR("text/plain"), HEARTH_STR("ok"));
}

/* A request that is answered when something has happened. */
typedef struct pending {
    hearth_async *async;
    int good;
    uint64_t begun;
    void *more;
} pending;

static inline void finish_pending(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    pending *item = arg;
    if (req && item->good)
        (void)ok(ctx, req);
    else if (req)
        (void)hearth_http_get(ctx)->error(req, 500, "INTERNAL", "what was waited for went wrong");
    free(item);
}

static inline pending *pend(hearth_ctx *ctx, hearth_req *req)
{
    pending *item = calloc(1, sizeof(*item));
    if (item)
        item->async = hearth_http_get(ctx)->defer(req, NULL, NULL);
    return item;
}

static inline void settle(hearth_ctx *ctx, pending *item, int good)
{
    item->good = good;
    hearth_http_get(ctx)->complete(item->async, finish_pending, item);
}

#endif
