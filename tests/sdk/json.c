/* json.c - hearth.json/1. */
#include <hearth/json.h>

#include "check.h"

static hearth_status run(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_json *api = hearth_json_get(ctx);
    hearth_arena *arena = hearth_http_get(ctx)->arena(req);
    hearth_json_writer *w = api->writer(arena, 1000);
    hearth_str text, error = {NULL, 0};
    api->object_begin(w);
    api->key(w, HEARTH_STR("a"));
    api->array_begin(w);
    api->integer(w, -5);
    api->boolean(w, 1);
    api->null(w);
    api->string(w, HEARTH_STR("x\"y"));
    api->raw(w, HEARTH_STR("{\"r\":1}"));
    api->array_end(w);
    api->object_end(w);
    CHECK(api->finish(w, &text) == HEARTH_OK);
    CHECK(same(text, "{\"a\":[-5,true,null,\"x\\\"y\",{\"r\":1}]}"));
    const hearth_json_value *value, *items;
    CHECK(api->parse(arena, text, &value, NULL) == HEARTH_OK);
    CHECK(api->type(value) == HEARTH_JSON_OBJECT && api->size(value) == 1);
    hearth_str key;
    CHECK(api->member(value, 0, &key) && same(key, "a"));
    items = api->get(value, "a");
    CHECK(items && api->size(items) == 5 && api->get(value, "b") == NULL);
    CHECK(api->as_integer(api->at(items, 0)) == -5 && api->as_boolean(api->at(items, 1)) == 1);
    CHECK(same(api->as_string(api->at(items, 3)), "x\"y"));
    CHECK(api->parse(arena, HEARTH_STR("{\"a\":1,\"a\":2}"), &value, &error) == HEARTH_EINVAL);
    CHECK(error.len > 0);
    w = api->writer(arena, 4);
    api->string(w, HEARTH_STR("too long"));
    CHECK(api->finish(w, &text) == HEARTH_ENOMEM);
    return ok(ctx, req);
}

static const hearth_use uses[] = {
    USE(HEARTH_JSON_ID, hearth_json), USE(HEARTH_HTTP_ID, hearth_http), {0}};
static const hearth_route routes[] = {{.method = "GET", .path = "/json", .handler = run}, {0}};
HEARTH_PLUGIN("sdk-json", "1.0.0", .uses = uses, .routes = routes);
