/* client_call.c - see client_call.h. */
#include "host/client_call.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "http/header.h"

#define DEFAULT_TIMEOUT_MS   10000
#define DEFAULT_MAX_RESPONSE ((size_t)1 << 20)
#define MAX_HEAD             (256u * 1024)

/* ---- the answer ------------------------------------------------------------------------------ */

static size_t on_body(char *bytes, size_t one, size_t count, void *arg)
{
    hearth_client_call *call = arg;
    size_t size = one * count;
    if (buf_append(&call->body, bytes, size) == HEARTH_OK)
        return size;
    call->too_large = true;
    return CURL_WRITEFUNC_ERROR;
}

static size_t on_header(char *bytes, size_t one, size_t count, void *arg)
{
    hearth_client_call *call = arg;
    hearth_str line = {bytes, one * count};
    size_t colon = str_index(line, ':');
    if (str_starts_with(line, HEARTH_STR("HTTP/")))
        call->header_count = 0; /* what came before belonged to an interim answer */
    else if (colon < line.len && call->header_count < CALL_MAX_HEADERS) {
        hearth_str value = str_slice(line, colon + 1, line.len);
        while (value.len > 0 &&
               (value.ptr[value.len - 1] == '\n' || value.ptr[value.len - 1] == '\r'))
            value.len--;
        hearth_header *header = &call->headers[call->header_count];
        header->name = arena_dup_str(&call->arena, str_slice(line, 0, colon));
        header->value = arena_dup_str(&call->arena, str_trim_ows(value));
        if (!header->name.ptr || !header->value.ptr) {
            call->too_large = true;
            return 0;
        }
        call->header_count++;
    }
    return line.len;
}

/* ---- the request ----------------------------------------------------------------------------- */

static bool add_field(hearth_client_call *call, const char *line)
{
    struct curl_slist *fields = line ? curl_slist_append(call->fields, line) : NULL;
    if (fields)
        call->fields = fields;
    return fields != NULL;
}

/* False: out of memory. What is not a field is not sent: the whole request is refused later. */
static bool add_fields(hearth_client_call *call, const hearth_client_request *request, bool *valid)
{
    bool ok = add_field(call, "Expect:"); /* no round trip before a body */
    for (size_t i = 0; ok && i < request->header_count; i++) {
        const hearth_header *header = &request->headers[i];
        if (!header_name_is_valid(header->name) || !header_value_is_valid(header->value)) {
            *valid = false;
            continue;
        }
        ok = add_field(call, arena_printf(&call->arena,
                                          header->value.len > 0 ? "%.*s: %.*s" : "%.*s;%.*s",
                                          HEARTH_ARG(header->name), HEARTH_ARG(header->value)));
    }
    return ok;
}

static bool set_method(hearth_client_call *call, const hearth_client_request *request, bool *valid)
{
    CURL *easy = call->easy;
    hearth_str method = request->method.len > 0 ? request->method : HEARTH_STR("GET");
    if (!header_name_is_valid(method)) { /* a method is a token too */
        *valid = false;
        return true;
    }
    const char *name = arena_dup(&call->arena, method.ptr, method.len);
    if (!name)
        return false;
    if (str_eq(method, HEARTH_STR("HEAD")))
        return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
    if (request->body.len > 0 || str_eq(method, HEARTH_STR("POST"))) {
        const char *body = arena_dup(&call->arena, request->body.ptr, request->body.len);
        if (!body)
            return false;
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    }
    return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, name) == CURLE_OK;
}

static bool set_options(hearth_client_call *call, const hearth_client_request *request)
{
    CURL *easy = call->easy;
    long timeout = request->timeout_ms ? (long)request->timeout_ms : DEFAULT_TIMEOUT_MS;
    bool valid = !str_has_nul(request->url) && !str_has_nul(request->ca_file);
    const char *url = arena_dup(&call->arena, request->url.ptr, request->url.len);
    const char *ca = arena_dup(&call->arena, request->ca_file.ptr, request->ca_file.len);
    if (!url || !ca || !add_fields(call, request, &valid) || !set_method(call, request, &valid))
        return false;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->error);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "hearthd/" HEARTH_VERSION);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->fields);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    if (request->ca_file.len > 0)
        curl_easy_setopt(easy, CURLOPT_CAINFO, ca);
    return curl_easy_setopt(easy, CURLOPT_URL, valid ? url : "") == CURLE_OK;
}

hearth_client_call *call_create(hearth_ctx *ctx, const hearth_client_request *request,
                                hearth_client_fn done, void *arg)
{
    hearth_client_call *call = calloc(1, sizeof(*call));
    if (!call)
        return NULL;
    list_init(&call->link);
    call->ctx = ctx;
    call->done = done;
    call->arg = arg;
    arena_init(&call->arena, &host_loop_of(ctx)->net.arenas,
               request->body.len + request->url.len + 2 * MAX_HEAD);
    buf_init(&call->body, request->max_response ? request->max_response : DEFAULT_MAX_RESPONSE);
    call->easy = curl_easy_init();
    if (call->easy && set_options(call, request))
        return call;
    call_destroy(call);
    return NULL;
}

void call_destroy(hearth_client_call *call)
{
    list_remove(&call->link);
    if (call->easy)
        curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->fields);
    buf_finish(&call->body);
    arena_finish(&call->arena);
    free(call);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void tell(hearth_client_call *call, hearth_status status, const char *error)
{
    long code = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &code);
    hearth_client_response response = {.struct_size = sizeof(response),
                                       .status = status == HEARTH_OK ? (int32_t)code : 0,
                                       .body = buf_str(&call->body),
                                       .headers = call->headers,
                                       .header_count = call->header_count,
                                       .error = error};
    list_remove(&call->link);
    host_scope outer =
        scope_enter(&host_loop_of(call->ctx)->net, plugin_ctx_of(call->ctx)->plugin->id, "client");
    call->done(call->ctx, status, &response, call->arg);
    scope_leave(outer);
    call_destroy(call);
}

void call_finish(hearth_client_call *call, CURLcode code)
{
    if (code == CURLE_OK) {
        tell(call, HEARTH_OK, NULL);
        return;
    }
    hearth_status status = HEARTH_EUNAVAILABLE;
    const char *error = call->error[0] ? call->error : curl_easy_strerror(code);
    if (call->too_large) {
        status = HEARTH_EINVAL;
        error = "the answer is larger than allowed";
    } else if (code == CURLE_OPERATION_TIMEDOUT) {
        status = HEARTH_ETIMEOUT;
    } else if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
        status = HEARTH_EINVAL;
    }
    tell(call, status, error);
}

void call_cancelled(hearth_client_call *call)
{
    tell(call, HEARTH_ECANCELED, "the call was given up");
}
