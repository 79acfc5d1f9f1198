/*
 * list.c - GET /gamesims and GET /regions: read off the fleet after a pass over what storage has,
 * which all who ask at the same time share.
 */
#include "summary.h"

#include "../fleet/fleet.h"

#include <stdlib.h>
#include <string.h>

#define REGIONS_MAX 256u

struct listing {
    struct mm_loop *loop; /* the fleet's, once it is there */
    const hearth_http *http;
    hearth_async *async;
    void (*write)(struct listing *listing, struct fleet *fleet);
    bool open, full; /* which sessions */
    hearth_arena *arena;
    hearth_json_writer *writer;
    uint32_t count;
    char regions[REGIONS_MAX][INSTANCE_NAME_SIZE];
    hearth_status status;
    char *text; /* on the heap, {ptr, size} */
    size_t size;
};

static void on_complete(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    struct listing *listing = arg;
    (void)ctx;
    if (req && listing->text)
        (void)listing->http->reply(req, 200, HEARTH_STR("application/json"),
                                   (hearth_str){listing->text, listing->size});
    else if (req)
        (void)listing->http->error(req, 503, "STORAGE_UNAVAILABLE",
                                   "Storage cannot be reached now.");
    free(listing->text);
    free(listing);
}

static void write_text(struct listing *listing)
{
    struct mm_loop *loop = listing->loop;
    hearth_str text;
    listing->arena = loop->arena->create(loop->ctx, DOCUMENT_ARENA);
    listing->writer =
        listing->arena ? loop->api.json->writer(listing->arena, DOCUMENT_ARENA / 2) : NULL;
    if (listing->writer) {
        listing->write(listing, loop->fleet);
        if (loop->api.json->finish(listing->writer, &text) == HEARTH_OK)
            listing->text = malloc(text.len);
        if (listing->text) {
            memcpy(listing->text, text.ptr, text.len);
            listing->size = text.len;
        }
    }
    loop->arena->destroy(listing->arena);
}

static void on_refreshed(hearth_status status, void *arg)
{
    struct listing *listing = arg;
    if (status == HEARTH_OK)
        write_text(listing);
    listing->http->complete(listing->async, on_complete, listing);
}

static void on_fleet(hearth_ctx *ctx, void *arg)
{
    struct listing *listing = arg;
    listing->loop = mm_loop_of(ctx);
    fleet_refresh(listing->loop->fleet, on_refreshed, listing);
}

static hearth_status begin(struct listing *listing, hearth_ctx *ctx, hearth_req *req)
{
    struct mm_loop *loop = mm_loop_of(ctx);
    listing->http = loop->api.http;
    listing->async = loop->api.http->defer(req, NULL, NULL);
    if (!listing->async) {
        free(listing);
        return HEARTH_ENOMEM;
    }
    if (loop->loops->post(ctx, FLEET_LOOP, on_fleet, listing) != HEARTH_OK)
        loop->api.http->complete(listing->async, on_complete, listing);
    return HEARTH_DEFERRED;
}

/* ---- sessions ---- */

static void write_sessions_of(const struct instance *instance, void *arg)
{
    struct listing *listing = arg;
    const hearth_json *json = listing->loop->api.json;
    for (uint32_t i = 0; i < instance->session_count; i++) {
        const struct game_session *session = &instance->sessions[i];
        bool full = session_taken(session) >= instance->players;
        if (session->is_private || session->outcome != OUTCOME_NONE ||
            !(full ? listing->full : listing->open) ||
            listing->count >= (uint32_t)mm_conf(listing->loop)->list_limit)
            continue;
        struct summary summary = summary_of(instance, session);
        summary_write(&summary, json, listing->writer);
        listing->count++;
    }
}

static void write_sessions(struct listing *listing, struct fleet *fleet)
{
    const hearth_json *json = listing->loop->api.json;
    json->object_begin(listing->writer);
    json->key(listing->writer, HEARTH_STR("gameSims"));
    json->array_begin(listing->writer);
    fleet_each(fleet, write_sessions_of, listing);
    json->array_end(listing->writer);
    json->object_end(listing->writer);
}

static bool is(hearth_str text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

hearth_status handle_list(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_http *http = mm_loop_of(ctx)->api.http;
    hearth_str state = http->query(req, "state");
    if (state.ptr && !is(state, "open") && !is(state, "full")) {
        (void)http->error(req, 400, "INVALID_REQUEST", "state: expected open or full.");
        return HEARTH_OK;
    }
    struct listing *listing = calloc(1, sizeof(*listing));
    if (!listing)
        return HEARTH_ENOMEM;
    listing->open = !state.ptr || is(state, "open");
    listing->full = !state.ptr || is(state, "full");
    listing->write = write_sessions;
    return begin(listing, ctx, req);
}

/* ---- regions ---- */

static void take_region(const struct instance *instance, void *arg)
{
    struct listing *listing = arg;
    if (instance->state != INSTANCE_READY || instance->drain || listing->count == REGIONS_MAX)
        return;
    for (uint32_t i = 0; i < listing->count; i++) {
        if (strcmp(listing->regions[i], instance->region) == 0)
            return;
    }
    memcpy(listing->regions[listing->count++], instance->region, sizeof(instance->region));
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void write_regions(struct listing *listing, struct fleet *fleet)
{
    const hearth_json *json = listing->loop->api.json;
    fleet_each(fleet, take_region, listing);
    qsort(listing->regions, listing->count, sizeof(listing->regions[0]), compare);
    json->object_begin(listing->writer);
    json->key(listing->writer, HEARTH_STR("regions"));
    json->array_begin(listing->writer);
    for (uint32_t i = 0; i < listing->count; i++)
        json->string(listing->writer, str_of(listing->regions[i]));
    json->array_end(listing->writer);
    json->object_end(listing->writer);
}

hearth_status handle_regions(hearth_ctx *ctx, hearth_req *req)
{
    struct listing *listing = calloc(1, sizeof(*listing));
    if (!listing)
        return HEARTH_ENOMEM;
    listing->write = write_regions;
    return begin(listing, ctx, req);
}
