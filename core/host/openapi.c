/* openapi.c - see openapi.h. Built once, then served as it stands. */
#include "host/openapi.h"

#include <string.h>

#include "base/str.h"
#include "json/writer.h"

#define MAX_DOCUMENT (4u * 1024 * 1024)

static void put_str(hearth_json_writer *w, const char *key, const char *value)
{
    json_put_key(w, str_from(key));
    json_put_string(w, str_from(value));
}

static void put_ref(hearth_json_writer *w, const char *ref)
{
    json_begin_object(w);
    put_str(w, "$ref", ref);
    json_end_object(w);
}

/* Every {name} of the path, as a required parameter. */
static void put_parameters(hearth_json_writer *w, const char *path)
{
    json_put_key(w, HEARTH_STR("parameters"));
    json_begin_array(w);
    for (const char *at = strchr(path, '{'); at; at = strchr(at + 1, '{')) {
        const char *end = strchr(at, '}');
        if (!end)
            break;
        json_begin_object(w);
        json_member_string(w, "name", ((hearth_str){at + 1, (size_t)(end - at - 1)}));
        put_str(w, "in", "path");
        json_member_boolean(w, "required", true);
        json_put_key(w, HEARTH_STR("schema"));
        json_put_raw(w, HEARTH_STR("{\"type\":\"string\"}"));
        json_end_object(w);
    }
    json_end_array(w);
}

static void put_security(hearth_json_writer *w, const hearth_route *row)
{
    json_put_key(w, HEARTH_STR("security"));
    json_begin_array(w);
    if (row->access != HEARTH_PUBLIC) {
        json_begin_object(w);
        json_put_key(w, HEARTH_STR("bearer"));
        json_begin_array(w); /* OpenAPI 3.1 takes role names here for any scheme */
        hearth_str rest = str_from(row->access == HEARTH_SCOPE ? row->scope : NULL), scope;
        while (str_split(&rest, ' ', &scope))
            json_put_string(w, scope);
        json_end_array(w);
        json_end_object(w);
    }
    if (row->access == HEARTH_BEARER_OPTIONAL)
        json_put_raw(w, HEARTH_STR("{}"));
    json_end_array(w);
}

static void put_responses(hearth_json_writer *w, const hearth_route *row)
{
    json_put_key(w, HEARTH_STR("responses"));
    json_begin_object(w);
    json_put_key(w, HEARTH_STR("2XX"));
    json_put_raw(w, HEARTH_STR("{\"description\":\"Success\"}"));
    if (row->access == HEARTH_BEARER || row->access == HEARTH_SCOPE) {
        json_put_key(w, HEARTH_STR("401"));
        put_ref(w, "#/components/responses/Error");
    }
    if (row->access == HEARTH_SCOPE) {
        json_put_key(w, HEARTH_STR("403"));
        put_ref(w, "#/components/responses/Error");
    }
    json_put_key(w, HEARTH_STR("default"));
    put_ref(w, "#/components/responses/Error");
    json_end_object(w);
}

/* "get /hello/{name}/later" -> "getHelloNameLater": unique, since method and path are. */
static hearth_str operation_id(const hearth_route *row, hearth_arena *arena)
{
    size_t len = strlen(row->method) + strlen(row->path);
    char *id = arena_alloc(arena, len + 1), *at = id;
    if (!id)
        return (hearth_str){NULL, 0};
    for (const char *c = row->method; *c; c++)
        *at++ = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
    bool begin = false;
    for (const char *c = row->path; *c; c++) {
        bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        if (letter || (*c >= '0' && *c <= '9'))
            *at++ = (char)(begin && *c >= 'a' && *c <= 'z' ? *c - 32 : *c);
        else if (*c == '_' || *c == '.')
            *at++ = '_';
        begin = !(letter || (*c >= '0' && *c <= '9'));
    }
    return (hearth_str){id, (size_t)(at - id)};
}

static void put_operation(hearth_json_writer *w, const host_route *route, hearth_arena *arena)
{
    const hearth_route *row = route->row;
    char method[16] = "";
    for (size_t i = 0; row->method[i] && i + 1 < sizeof(method); i++)
        method[i] = (char)(row->method[i] + 32); /* methods are upper case */
    json_put_key(w, str_from(method));
    json_begin_object(w);
    json_member_string(w, "operationId", operation_id(row, arena));
    if (row->help && row->help[0])
        put_str(w, "summary", row->help);
    json_put_key(w, HEARTH_STR("tags"));
    json_begin_array(w);
    json_put_string(w, str_from(route->owner ? route->owner->id : "host"));
    json_end_array(w);
    put_parameters(w, row->path);
    put_security(w, row);
    if (strcmp(row->method, "GET") != 0 && strcmp(row->method, "DELETE") != 0) {
        json_put_key(w, HEARTH_STR("requestBody"));
        json_put_raw(w, HEARTH_STR("{\"content\":{\"application/json\":{\"schema\":"
                                   "{\"type\":\"object\"}}}}"));
    }
    put_responses(w, row);
    json_end_object(w);
}

/* One path item holds all methods of a path. */
static void put_paths(const host_state *host, hearth_json_writer *w, hearth_arena *arena)
{
    json_put_key(w, HEARTH_STR("paths"));
    json_begin_object(w);
    for (size_t i = 0; i < host->route_count; i++) {
        const char *path = host->routes[i].row->path;
        bool seen = false;
        for (size_t k = 0; k < i; k++)
            seen = seen || strcmp(host->routes[k].row->path, path) == 0;
        if (seen)
            continue;
        json_put_key(w, str_from(path));
        json_begin_object(w);
        for (size_t k = i; k < host->route_count; k++) {
            if (strcmp(host->routes[k].row->path, path) == 0)
                put_operation(w, &host->routes[k], arena);
        }
        json_end_object(w);
    }
    json_end_object(w);
}

static void put_components(hearth_json_writer *w)
{
    json_put_key(w, HEARTH_STR("components"));
    json_put_raw(
        w, HEARTH_STR("{\"securitySchemes\":{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\","
                      "\"bearerFormat\":\"JWT\"}},\"schemas\":{\"Error\":{\"type\":\"object\","
                      "\"required\":[\"error\",\"code\",\"requestId\"],\"properties\":{"
                      "\"error\":{\"type\":\"string\",\"description\":\"One sentence for people\"},"
                      "\"code\":{\"type\":\"string\",\"pattern\":\"^[A-Z_]+$\"},"
                      "\"requestId\":{\"type\":\"string\"}}}},\"responses\":{\"Error\":{"
                      "\"description\":\"Refused or failed\",\"content\":{\"application/json\":{"
                      "\"schema\":{\"$ref\":\"#/components/schemas/Error\"}}}}}}"));
}

hearth_status openapi_build(host_state *host, hearth_error *error)
{
    hearth_buf document;
    hearth_json_writer w;
    hearth_str base = host->config->settings->base_path;
    buf_init_arena(&document, &host->arena, MAX_DOCUMENT);
    json_writer_init(&w, &document);
    json_begin_object(&w);
    put_str(&w, "openapi", "3.1.0");
    json_put_key(&w, HEARTH_STR("info"));
    json_begin_object(&w);
    put_str(&w, "title", "Hearth");
    put_str(&w, "version", HEARTH_VERSION);
    json_end_object(&w);
    json_put_key(&w, HEARTH_STR("servers"));
    json_begin_array(&w);
    json_begin_object(&w);
    json_member_string(&w, "url", base.len > 0 ? base : HEARTH_STR("/"));
    json_end_object(&w);
    json_end_array(&w);
    put_paths(host, &w, &host->arena);
    put_components(&w);
    json_end_object(&w);
    hearth_status status = json_finish(&w, &host->openapi);
    if (status != HEARTH_OK)
        return error_set(error, status, "openapi.json could not be written: %s",
                         status_name(status));
    return HEARTH_OK;
}

void openapi_serve(host_loop *loop, hearth_req *req)
{
    (void)!request_reply(req, 200, HEARTH_STR("application/json"), loop->host->openapi);
}
