/*
 * call.c - the test's side of a request: sending it, looking at the answer, going away.
 */
#include "request.h"

#include <stdlib.h>
#include <string.h>

void fake_headers_add(fake_header **list, const char *name, hearth_str value)
{
    while (*list)
        list = &(*list)->next;
    *list = fake_new(sizeof(**list));
    **list = (fake_header){NULL, fake_copy(name), fake_copy_str(value)};
}

fake_header *fake_headers_parse(const char *text)
{
    fake_header *list = NULL;
    while (text && *text) {
        size_t len = strcspn(text, "\n");
        size_t name = strcspn(text, ":");
        if (name >= len)
            fake_rule("a header is \"Name: value\", not \"%.*s\"", (int)len, text);
        size_t value = name + 1 + strspn(text + name + 1, " \t");
        size_t end = len > value && text[len - 1] == '\r' ? len - 1 : len;
        char *copy = fake_copy_str((hearth_str){text, name});
        fake_headers_add(&list, copy, (hearth_str){text + value, end > value ? end - value : 0});
        free(copy);
        text += len + (text[len] == '\n');
    }
    return list;
}

void fake_headers_free(fake_header *list)
{
    while (list) {
        fake_header *next = list->next;
        free(list->name);
        free(list->value);
        free(list);
        list = next;
    }
}

const char *fake_headers_find(const fake_header *list, const char *name)
{
    for (; list; list = list->next)
        if (strcasecmp(list->name, name) == 0)
            return list->value;
    return NULL;
}

/* ---- sending ------------------------------------------------------------------------------------
 */

hearth_test_call *hearth_test_send(hearth_test_host *host, const hearth_test_request_spec *spec)
{
    if (!host->running)
        fake_rule("hearth_test_send: the host is not running (%s)", host->error);
    hearth_test_call *call = fake_new(sizeof(*call));
    call->host = host;
    call->next = host->calls;
    host->calls = call;
    call->head = spec->method && strcmp(spec->method, "HEAD") == 0;
    call->req = fake_request_new(host, spec);
    call->req->call = call;
    fake_request_begin(call->req);
    if (!spec->no_pump)
        hearth_test_pump(host);
    return call;
}

hearth_test_call *hearth_test_request(hearth_test_host *host, const char *method, const char *path,
                                      const char *headers, const char *body)
{
    hearth_test_request_spec spec = {.method = method, .path = path, .headers = headers};
    spec.body = (hearth_str){body, body ? strlen(body) : 0};
    spec.user = host->as_user;
    spec.scope = host->as_scope;
    return hearth_test_send(host, &spec);
}

void hearth_test_as(hearth_test_host *host, const char *user, const char *scope)
{
    char *old_user = host->as_user, *old_scope = host->as_scope;
    host->as_user = user ? fake_copy(user) : NULL;
    host->as_scope = scope ? fake_copy(scope) : NULL;
    free(old_user);
    free(old_scope);
}

const hearth_trace_context *fake_request_trace(hearth_req *req)
{
    return &req->trace;
}

size_t fake_requests_open(hearth_test_host *host)
{
    size_t open = 0;
    for (const hearth_test_call *call = host->calls; call; call = call->next)
        open += call->req != NULL;
    return open;
}

size_t fake_requests_cancel(hearth_test_host *host)
{
    size_t count = 0;
    for (hearth_test_call *call = host->calls; call; call = call->next) {
        if (!call->req || !call->req->async)
            continue;
        fake_request_cancel(call->req);
        count++;
    }
    return count;
}

/* ---- the answer ----------------------------------------------------------------------------- */

void hearth_test_disconnect(hearth_test_call *call)
{
    if (call->req)
        fake_request_cancel(call->req);
    hearth_test_pump(call->host);
}

static int answered(void *arg)
{
    return ((hearth_test_call *)arg)->status;
}

int hearth_test_await(hearth_test_call *call, uint32_t real_ms)
{
    return hearth_test_wait_for(call->host, answered, call, real_ms);
}

int hearth_test_status(const hearth_test_call *call)
{
    return call->status;
}

hearth_str hearth_test_body(const hearth_test_call *call)
{
    return (hearth_str){call->body ? call->body : "", call->body_len};
}

const char *hearth_test_header(const hearth_test_call *call, const char *name)
{
    return fake_headers_find(call->headers, name);
}

static const hearth_json_value *step_into(const hearth_json_value *value, const char *name)
{
    const hearth_json_value *member = fake_json_get(value, name);
    if (member || fake_json_type(value) != HEARTH_JSON_ARRAY)
        return member;
    return fake_json_at(value, (size_t)strtoul(name, NULL, 10));
}

const char *hearth_test_json(hearth_test_call *call, const char *path)
{
    size_t fail_at = call->host->fail_at;
    call->host->fail_at = 0;
    fake_arena_destroy(call->json_arena);
    call->json_arena = fake_arena_create(call->host, SIZE_MAX);
    const hearth_json_value *value = NULL;
    hearth_str error = {NULL, 0};
    if (fake_json_parse(call->json_arena, hearth_test_body(call), &value, &error) != HEARTH_OK)
        value = NULL;
    hearth_str steps = fake_arena_dup(call->json_arena, (hearth_str){path, strlen(path)});
    char *save = NULL;
    for (char *name = strtok_r((char *)(uintptr_t)steps.ptr, ".", &save); name && value;
         name = strtok_r(NULL, ".", &save))
        value = step_into(value, name);
    const char *text = value ? fake_arena_dup(call->json_arena, fake_json_source(value)).ptr : NULL;
    call->host->fail_at = fail_at;
    return text;
}

static void call_free(hearth_test_call *call)
{
    fake_arena_destroy(call->json_arena);
    fake_headers_free(call->headers);
    free(call->body);
    free(call);
}

void hearth_test_release(hearth_test_call *call)
{
    if (call->req)
        fake_rule("hearth_test_release: the request is still under way");
    hearth_test_call **at = &call->host->calls;
    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    call_free(call);
}

void fake_calls_finish(hearth_test_host *host)
{
    while (host->calls) {
        hearth_test_call *call = host->calls;
        host->calls = call->next;
        if (call->req)
            fake_request_free(call->req);
        call_free(call);
    }
    fake_asyncs_finish(host);
}
