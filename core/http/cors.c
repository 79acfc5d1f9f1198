/*
 * cors.c - Cross-Origin Resource Sharing (the Fetch standard), for games that run in browsers. Off
 * without configured origins; credentials are tokens, so cookies are never allowed.
 */
#include "http/session.h"

#include <stdio.h>

/* The value of Access-Control-Allow-Origin; {NULL, 0}: this origin may not. */
static hearth_str allowed_origin(const http_exchange *ex)
{
    hearth_str origin = headers_known(&ex->req.headers, HTTP_ORIGIN);
    const http_options *options = ex->options;
    for (size_t i = 0; origin.ptr && i < options->cors_origin_count; i++) {
        hearth_str allowed = options->cors_origins[i];
        if (str_eq(allowed, HEARTH_STR("*")) || str_eq(allowed, origin))
            return str_eq(allowed, HEARTH_STR("*")) ? allowed : origin;
    }
    return (hearth_str){NULL, 0};
}

/* Without memory the field is missing, and the browser refuses: that is safe. */
static void set(http_exchange *ex, hearth_str name, hearth_str value)
{
    hearth_status status = request_set_header(&ex->req, name, value);
    (void)status;
}

void cors_decorate(http_exchange *ex)
{
    hearth_str origin = allowed_origin(ex);
    if (!str_eq(origin, HEARTH_STR("*")))
        set(ex, HEARTH_STR("Vary"), HEARTH_STR("Origin"));
    if (!origin.ptr)
        return;
    set(ex, HEARTH_STR("Access-Control-Allow-Origin"), origin);
    if (ex->options->cors_expose.len > 0)
        set(ex, HEARTH_STR("Access-Control-Expose-Headers"), ex->options->cors_expose);
}

void cors_answer_options(http_exchange *ex, uint32_t allow)
{
    hearth_req *req = &ex->req;
    const http_options *options = ex->options;
    char list[64], age[24];
    hearth_str methods = {list, method_list(allow, list)};
    set(ex, HEARTH_STR("Allow"), methods);
    if (allowed_origin(ex).ptr &&
        request_header(req, HEARTH_STR("Access-Control-Request-Method")).ptr) {
        if (options->cors_methods.len > 0)
            methods = options->cors_methods;
        set(ex, HEARTH_STR("Access-Control-Allow-Methods"), methods);
        if (options->cors_headers.len > 0)
            set(ex, HEARTH_STR("Access-Control-Allow-Headers"), options->cors_headers);
        int len = snprintf(age, sizeof(age), "%llu", (unsigned long long)options->cors_max_age_s);
        set(ex, HEARTH_STR("Access-Control-Max-Age"), (hearth_str){age, (size_t)len});
    }
    hearth_status status = request_reply(req, 204, HEARTH_STR(""), HEARTH_STR(""));
    (void)status; /* cannot fail: 204 carries nothing */
    request_finish(req);
}
