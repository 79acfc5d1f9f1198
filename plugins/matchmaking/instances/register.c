/*
 * register.c - POST /gamesim-instances: what an instance says of itself, and what it is told. Its
 * key and its token are shown in this one reply and nowhere else.
 */
#include "register.h"

#include "../fleet/address.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIELD_ADDRESS,
    FIELD_PORT,
    FIELD_ADDRESSES,
    FIELD_REGION,
    FIELD_VERSION,
    FIELD_WIRE_VERSION,
    FIELD_CAPACITY,
    FIELD_COUNT
};

enum { CAPACITY_GAME_SIMS, CAPACITY_PLAYERS, CAPACITY_COUNT };

static bool refuse(hearth_req *req, struct mm_loop *loop, const char *text)
{
    (void)loop->api.http->error(req, 400, "INVALID_REQUEST", "%s", text);
    return false;
}

static bool take_name(hearth_str name, char out[INSTANCE_NAME_SIZE])
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    if (name.len == 0 || name.len >= INSTANCE_NAME_SIZE)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        if (!memchr(allowed, name.ptr[i], sizeof(allowed) - 1))
            return false;
    }
    memcpy(out, name.ptr, name.len);
    out[name.len] = 0;
    return true;
}

static bool take_names(struct mm_loop *loop, hearth_req *req, const body_value *values,
                       struct instance *instance)
{
    hearth_str region =
        values[FIELD_REGION].present ? values[FIELD_REGION].string : mm_conf(loop)->default_region;
    if (!take_name(region, instance->region))
        return refuse(req, loop, "region: expected 1 to 32 of A-Z a-z 0-9 . _ -.");
    if (!take_name(values[FIELD_VERSION].string, instance->version))
        return refuse(req, loop, "version: expected 1 to 32 of A-Z a-z 0-9 . _ -.");
    return true;
}

static bool take_addresses(struct mm_loop *loop, hearth_req *req, const body_value *values,
                           struct instance *instance)
{
    const hearth_json *json = loop->api.json;
    const hearth_json_value *list = values[FIELD_ADDRESSES].json;
    size_t count = list ? json->size(list) : 0;
    instance->port = (uint16_t)values[FIELD_PORT].integer;
    if (!address_read(values[FIELD_ADDRESS].string, instance->port, instance->address))
        return refuse(req, loop,
                      "address: expected an IPv4 or IPv6 address that clients can be sent to.");
    if (count > INSTANCE_ADDRESSES_MAX)
        return refuse(req, loop, "addresses: expected at most 4.");
    for (size_t i = 0; i < count; i++) {
        hearth_str text = json->as_string(json->at(list, i));
        if (!text.ptr || !address_read_with_port(text, instance->addresses[i]))
            return refuse(req, loop,
                          "addresses: expected strings like \"1.2.3.4:40000\" or "
                          "\"[2001:db8::1]:40000\".");
    }
    instance->address_count = (uint32_t)count;
    return true;
}

static bool take_capacity(struct mm_loop *loop, hearth_req *req, const body_value *values,
                          struct instance *instance)
{
    static const body_field fields[CAPACITY_COUNT] = {
        [CAPACITY_GAME_SIMS] = {"gameSims", BODY_INTEGER, 1, 1, INSTANCE_SIMS_MAX},
        [CAPACITY_PLAYERS] = {"players", BODY_INTEGER, 1, 1, INSTANCE_PLAYERS_MAX},
    };
    body_value capacity[CAPACITY_COUNT];
    if (!body_read_object(&loop->api, req, "capacity", values[FIELD_CAPACITY].json, fields,
                          CAPACITY_COUNT, capacity))
        return false;
    instance->game_sims = (uint32_t)capacity[CAPACITY_GAME_SIMS].integer;
    instance->players = (uint32_t)capacity[CAPACITY_PLAYERS].integer;
    return true;
}

static bool take_body(struct mm_loop *loop, hearth_req *req, struct instance *instance)
{
    static const body_field fields[FIELD_COUNT] = {
        [FIELD_ADDRESS] = {"address", BODY_STRING, 1, 0, 0},
        [FIELD_PORT] = {"port", BODY_INTEGER, 1, 1, UINT16_MAX},
        [FIELD_ADDRESSES] = {"addresses", BODY_ARRAY, 0, 0, 0},
        [FIELD_REGION] = {"region", BODY_STRING, 0, 0, 0},
        [FIELD_VERSION] = {"version", BODY_STRING, 1, 0, 0},
        [FIELD_WIRE_VERSION] = {"wireVersion", BODY_INTEGER, 1, 1, UINT32_MAX},
        [FIELD_CAPACITY] = {"capacity", BODY_OBJECT, 1, 0, 0},
    };
    body_value values[FIELD_COUNT];
    if (!body_read(&loop->api, req, fields, FIELD_COUNT, BODY_NEEDED, values))
        return false;
    instance->wire_version = (uint32_t)values[FIELD_WIRE_VERSION].integer;
    return take_addresses(loop, req, values, instance) && take_names(loop, req, values, instance) &&
           take_capacity(loop, req, values, instance);
}

static void destroy(struct errand *errand)
{
    struct registration *registration = (struct registration *)errand;
    instance_destroy(registration->instance);
    token_destroy(registration->token);
    free(registration);
}

hearth_status handle_register(hearth_ctx *ctx, hearth_req *req)
{
    struct mm_loop *loop = mm_loop_of(ctx);
    struct registration *registration = errand_create(sizeof(*registration));
    if (!registration)
        return HEARTH_ENOMEM;
    struct instance *instance = registration->instance = instance_create();
    registration->errand.destroy = destroy;
    if (!instance || !take_body(loop, req, instance)) {
        hearth_status status = instance ? HEARTH_OK : HEARTH_ENOMEM;
        destroy(&registration->errand);
        return status;
    }
    instance->registered_ms = loop->clock->wall_ms(ctx);
    instance->heartbeat_ms = (uint32_t)mm_conf(loop)->heartbeat_ms;
    loop->random->bytes(ctx, instance->connect_key, sizeof(instance->connect_key));
    address_make_id(loop, instance);
    strcpy(registration->errand.id, instance->id);
    return errand_start(ctx, req, &registration->errand, enlist);
}

/* ---- the reply ---- */

struct out {
    const hearth_json *json;
    hearth_json_writer *writer;
};

static void put_text(const struct out *out, const char *key, const char *value)
{
    out->json->key(out->writer, str_of(key));
    out->json->string(out->writer, str_of(value));
}

static void put_seconds(const struct out *out, const char *key, int64_t ms)
{
    out->json->key(out->writer, str_of(key));
    out->json->integer(out->writer, ms >= 1000 ? ms / 1000 : 1);
}

void registration_reply(struct errand *errand, hearth_req *req)
{
    const struct registration *registration = (const struct registration *)errand;
    struct mm_loop *loop = errand->loop;
    const struct matchmaking_conf *conf = mm_conf(loop);
    const struct out out = {loop->api.json,
                            loop->api.json->writer(loop->api.http->arena(req), 65536)};
    char key[2 * INSTANCE_KEY_SIZE + 1], protocol[17];
    hearth_str text;
    if (!out.writer) {
        (void)loop->api.http->error(req, 503, "OVERLOADED", "The server is short of memory.");
        return;
    }
    sodium_bin2hex(key, sizeof(key), registration->instance->connect_key, INSTANCE_KEY_SIZE);
    snprintf(protocol, sizeof(protocol), "%016llx", (unsigned long long)loop->protocol_id);
    out.json->object_begin(out.writer);
    put_text(&out, "id", errand->id);
    put_seconds(&out, "heartbeatSeconds", conf->heartbeat_ms);
    put_text(&out, "connectKey", key);
    put_text(&out, "protocolId", protocol);
    put_seconds(&out, "tokenLifetimeSeconds", conf->token_lifetime_ms);
    put_seconds(&out, "rejoinSeconds", conf->rejoin_ms);
    put_text(&out, "instanceToken", registration->token);
    out.json->object_end(out.writer);
    sodium_memzero(key, sizeof(key));
    if (out.json->finish(out.writer, &text) == HEARTH_OK)
        (void)loop->api.http->reply(req, 201, HEARTH_STR("application/json"), text);
    else
        (void)loop->api.http->error(req, 503, "OVERLOADED", "The server is short of memory.");
}
