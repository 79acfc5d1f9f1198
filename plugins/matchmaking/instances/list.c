/*
 * list.c - GET /gamesim-instances: what storage has, read after the question came.
 */
#include "errand.h"

#include <stdlib.h>
#include <string.h>

#define ROW_JSON_MAX 640u /* bytes that a row takes at most */

struct row {
    char id[HEARTH_UUID_SIZE], address[INSTANCE_ADDRESS_SIZE];
    char region[INSTANCE_NAME_SIZE], version[INSTANCE_NAME_SIZE];
    const char *state;
    uint32_t port, active, seats_taken, game_sims, players;
};

struct listing {
    struct errand errand; /* first */
    struct row *rows;
    size_t count, room;
};

static void destroy(struct errand *errand)
{
    struct listing *listing = (struct listing *)errand;
    free(listing->rows);
    free(listing);
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct row *)a)->id, ((const struct row *)b)->id);
}

static void count(const struct instance *instance, void *arg)
{
    struct listing *listing = arg;
    (void)instance;
    listing->room++;
}

static void take(const struct instance *instance, void *arg)
{
    struct listing *listing = arg;
    struct row *row = &listing->rows[listing->count++];
    memcpy(row->id, instance->id, sizeof(row->id));
    memcpy(row->address, instance->address, sizeof(row->address));
    memcpy(row->region, instance->region, sizeof(row->region));
    memcpy(row->version, instance->version, sizeof(row->version));
    row->state = instance_state_name(instance);
    row->port = instance->port;
    row->active = instance_active(instance);
    row->game_sims = instance->game_sims;
    row->players = instance->players;
    for (uint32_t i = 0; i < instance->session_count; i++) {
        if (instance->sessions[i].outcome == OUTCOME_NONE)
            row->seats_taken += session_taken(&instance->sessions[i]);
    }
}

static void put_text(const hearth_json *json, hearth_json_writer *writer, const char *key,
                     const char *value)
{
    json->key(writer, str_of(key));
    json->string(writer, str_of(value));
}

static void put_number(const hearth_json *json, hearth_json_writer *writer, const char *key,
                       uint32_t value)
{
    json->key(writer, str_of(key));
    json->integer(writer, value);
}

static void write_row(const struct row *row, const hearth_json *json, hearth_json_writer *writer)
{
    json->object_begin(writer);
    put_text(json, writer, "id", row->id);
    put_text(json, writer, "address", row->address);
    put_number(json, writer, "port", row->port);
    put_text(json, writer, "region", row->region);
    put_text(json, writer, "version", row->version);
    put_text(json, writer, "state", row->state);
    put_number(json, writer, "activeGameSims", row->active);
    put_number(json, writer, "players", row->seats_taken);
    json->key(writer, HEARTH_STR("capacity"));
    json->object_begin(writer);
    put_number(json, writer, "gameSims", row->game_sims);
    put_number(json, writer, "players", row->players);
    json->object_end(writer);
    json->object_end(writer);
}

/* In an arena of its own: thousands of rows are more than a request may take. */
static void reply(struct errand *errand, hearth_req *req)
{
    const struct listing *listing = (const struct listing *)errand;
    struct mm_loop *loop = errand->loop;
    const hearth_json *json = loop->api.json;
    size_t size = (listing->count + 1) * ROW_JSON_MAX;
    hearth_arena *arena = loop->arena->create(loop->ctx, 4 * size + 65536);
    hearth_json_writer *writer = arena ? json->writer(arena, size) : NULL;
    hearth_status status = HEARTH_ENOMEM;
    hearth_str text;
    if (writer) {
        json->object_begin(writer);
        json->key(writer, HEARTH_STR("instances"));
        json->array_begin(writer);
        for (size_t i = 0; i < listing->count; i++)
            write_row(&listing->rows[i], json, writer);
        json->array_end(writer);
        json->object_end(writer);
        status = json->finish(writer, &text);
    }
    if (status == HEARTH_OK)
        (void)loop->api.http->reply(req, 200, HEARTH_STR("application/json"), text);
    else
        (void)loop->api.http->error(req, 503, "OVERLOADED", "The server is short of memory.");
    loop->arena->destroy(arena);
}

static void on_fresh(hearth_status status, void *arg)
{
    struct listing *listing = arg;
    struct fleet *fleet = listing->errand.loop->fleet;
    if (status == HEARTH_OK) {
        fleet_each(fleet, count, listing);
        listing->rows = calloc(listing->room + 1, sizeof(*listing->rows));
        status = listing->rows ? HEARTH_OK : HEARTH_ENOMEM;
    }
    if (status != HEARTH_OK) {
        errand_fail(&listing->errand, status);
        return;
    }
    fleet_each(fleet, take, listing);
    qsort(listing->rows, listing->count, sizeof(*listing->rows), by_id);
    errand_answer(&listing->errand, reply);
}

static void list(struct errand *errand)
{
    fleet_refresh(errand->loop->fleet, on_fresh, errand);
}

hearth_status handle_instances(hearth_ctx *ctx, hearth_req *req)
{
    struct listing *listing = errand_create(sizeof(*listing));
    if (!listing)
        return HEARTH_ENOMEM;
    listing->errand.destroy = destroy;
    return errand_start(ctx, req, &listing->errand, list);
}
