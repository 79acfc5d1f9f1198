/* client.c - hearth.client/1: calls the URL that the request names and tells what came of it. */
#include <hearth/client.h>

#include "check.h"

typedef struct call {
    hearth_async *async;
    hearth_status status;
    int http;
    char body[256];
    char header[64];
} call;

static void tell(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    call *c = arg;
    if (req) {
        hearth_str text =
            hearth_arena_get(ctx)->printf(hearth_http_get(ctx)->arena(req), "%d %d %s %s",
                                          c->status, c->http, c->header, c->body);
        (void)hearth_http_get(ctx)->reply(req, 200, HEARTH_STR("text/plain"), text);
    }
    free(c);
}

static void done(hearth_ctx *ctx, hearth_status status, const hearth_client_response *response,
                 void *arg)
{
    call *c = arg;
    c->status = status;
    c->http = response->status;
    for (size_t i = 0; i < response->header_count; i++) {
        if (same(response->headers[i].name, "X-Test") && response->headers[i].value.len < 64)
            memcpy(c->header, response->headers[i].value.ptr, response->headers[i].value.len);
    }
    memcpy(c->body, response->body.ptr ? response->body.ptr : "",
           response->body.len < 255 ? response->body.len : 255);
    hearth_http_get(ctx)->complete(c->async, tell, c);
}

static hearth_status run(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_http *http = hearth_http_get(ctx);
    const hearth_header headers[] = {{HEARTH_STR("X-Sent"), HEARTH_STR("yes")}};
    hearth_client_request request = {.struct_size = sizeof(request),
                                     .timeout_ms = 500,
                                     .max_response = 200,
                                     .method = http->query(req, "method"),
                                     .url = http->query(req, "url"),
                                     .headers = headers,
                                     .header_count = 1,
                                     .body = http->query(req, "body")};
    call *c = calloc(1, sizeof(*c));
    CHECK(c);
    c->async = http->defer(req, NULL, NULL);
    hearth_client_call *sent = hearth_client_get(ctx)->send(ctx, &request, done, c);
    if (!sent) {
        c->status = HEARTH_ENOMEM;
        http->complete(c->async, tell, c);
    } else if (http->query(req, "cancel").ptr) {
        hearth_client_get(ctx)->cancel(sent);
    }
    return HEARTH_DEFERRED;
}

static const hearth_use uses[] = {USE(HEARTH_CLIENT_ID, hearth_client),
                                  USE(HEARTH_ARENA_ID, hearth_arena_api),
                                  USE(HEARTH_HTTP_ID, hearth_http),
                                  {0}};
static const hearth_route routes[] = {{.method = "GET", .path = "/client", .handler = run}, {0}};
HEARTH_PLUGIN("sdk-client", "1.0.0", .uses = uses, .routes = routes);
