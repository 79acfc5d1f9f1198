/*
 * fuzz_http.c - bytes through the real scanner, parser, router and body decoder, in several cuts.
 * However the network cuts a stream, the same requests must come out of it; another parser must not
 * see other requests in it; and whatever is taken for a request has to keep the promises that the
 * code behind it builds on.
 */
#include <stdlib.h>
#include <string.h>

#include "http/body.h"
#include "http/head.h"
#include "http/router.h"
#include "second_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_BODY 4096

static const head_limits limits = {.max_target = 512, .max_block = 1024};
static http_router *router;

/* What a stream meant, as a running hash of everything that was understood. */
typedef struct meaning {
    uint64_t hash;
    uint32_t requests;
} meaning;

static void demand(bool truth)
{
    if (!truth)
        abort();
}

static void note(meaning *m, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < len; i++)
        m->hash = (m->hash ^ at[i]) * 0x100000001b3u;
    m->hash = (m->hash ^ len) * 0x100000001b3u;
}

static void build_router(void)
{
    static const char *const patterns[] = {"/",         "/a",      "/a/{id}",
                                           "/a/{id}/b", "/a/find", "/{x}/{y}/{z}"};
    hearth_error error;
    router = router_create(HEARTH_STR(""), &error);
    demand(router != NULL);
    for (size_t i = 0; i < HEARTH_COUNT(patterns); i++) {
        http_route route = {.method = i % 2 ? HTTP_GET_METHOD : HTTP_POST_METHOD,
                            .pattern = patterns[i],
                            .plugin = "fuzz"};
        demand(router_add(router, &route, &error) == HEARTH_OK);
    }
}

static void check_head(meaning *m, const http_head *head)
{
    demand(head->headers.count <= HTTP_MAX_HEADERS);
    demand(head->is_http10 || headers_have(&head->headers, HTTP_HOST));
    demand(!head->chunked ||
           (!head->is_http10 && !headers_have(&head->headers, HTTP_CONTENT_LENGTH)));
    demand(head->asterisk || head->path.ptr[0] == '/');
    for (uint32_t i = 0; i < head->headers.count; i++) {
        demand(header_name_is_valid(head->headers.items[i].name));
        demand(header_value_is_valid(head->headers.items[i].value));
        note(m, head->headers.items[i].name.ptr, head->headers.items[i].name.len);
        note(m, head->headers.items[i].value.ptr, head->headers.items[i].value.len);
    }
    note(m, head->target.ptr, head->target.len);
    m->requests++;
}

static void check_route(meaning *m, hearth_arena *arena, const http_head *head)
{
    http_path path;
    http_match match;
    const char *reason = NULL;
    if (head->asterisk)
        return;
    if (path_split(arena, head->path, &path, &reason) < 0) {
        demand(reason != NULL);
        return;
    }
    for (uint32_t i = 0; i < path.count && i < ROUTER_MAX_SEGMENTS; i++) {
        demand(path.segments[i].len > 0 && str_is_utf8(path.segments[i]));
        demand(!str_has_nul(path.segments[i]));
    }
    hearth_status status = router_match(router, head->method, &path, &match);
    demand((status == HEARTH_OK) == (match.route != NULL));
    if (match.route)
        note(m, match.route->pattern, strlen(match.route->pattern));
}

/* One request from `bytes`, of which `step` more are seen at a time. Returns the bytes used, 0 at
 * the end of what can be understood. */
static size_t one_request(meaning *m, hearth_arena *arena, hearth_str bytes, size_t step)
{
    head_scan scan = {0};
    size_t length = 0, seen = 0;
    head_result result = HEAD_MORE;
    while (result == HEAD_MORE && seen < bytes.len) {
        seen = bytes.len - seen > step ? seen + step : bytes.len;
        result = head_scan_more(&scan, (hearth_str){bytes.ptr, seen}, &limits, &length);
    }
    note(m, &result, sizeof(result));
    if (result != HEAD_COMPLETE)
        return 0;
    http_head head;
    hearth_status status = head_parse(arena, (hearth_str){bytes.ptr, length}, &head);
    note(m, &status, sizeof(status));
    if (status < 0) {
        demand(status == HEARTH_EINVAL && head.status >= 400 && head.reason);
        return 0;
    }
    demand(second_reader_agrees((hearth_str){bytes.ptr, length}, &head));
    check_head(m, &head);
    check_route(m, arena, &head);
    if (!head.has_body)
        return length;
    if (head.content_length > MAX_BODY)
        return 0;
    http_body body;
    body_init(&body, arena, head.chunked, head.content_length, MAX_BODY);
    body_result got = !head.chunked && head.content_length == 0 ? BODY_COMPLETE : BODY_MORE;
    while (got == BODY_MORE && length < bytes.len) {
        size_t used = 0, here = bytes.len - length;
        got = body_feed(&body, (hearth_str){bytes.ptr + length, here < step ? here : step}, &used);
        demand(used <= here && body.len <= MAX_BODY);
        length += used;
    }
    note(m, &got, sizeof(got));
    note(m, body.data, body.len);
    return got == BODY_COMPLETE ? length : 0;
}

static meaning understand(hearth_str bytes, size_t step)
{
    meaning m = {.hash = 0xcbf29ce484222325u};
    hearth_arena arena;
    for (;;) {
        arena_init(&arena, NULL, (size_t)1 << 20);
        size_t used = one_request(&m, &arena, bytes, step);
        arena_finish(&arena);
        if (used == 0)
            return m;
        bytes = str_slice(bytes, used, bytes.len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hearth_str bytes = {(const char *)data, size};
    if (!router)
        build_router();
    meaning whole = understand(bytes, SIZE_MAX);
    static const size_t steps[] = {1, 2, 7, 61};
    for (size_t i = 0; i < HEARTH_COUNT(steps); i++) {
        meaning cut = understand(bytes, steps[i]);
        demand(cut.hash == whole.hash && cut.requests == whole.requests);
    }
    return 0;
}
