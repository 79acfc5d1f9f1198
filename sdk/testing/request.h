/*
 * request.h - a fake request, shared by route.c (finding its handler), request.c (its phases) and
 * http.c (what a plugin sees of it).
 */
#ifndef HEARTH_TESTING_REQUEST_H
#define HEARTH_TESTING_REQUEST_H

#include "json.h"

#define FAKE_MAX_PARAMS 8

typedef struct fake_header {
    struct fake_header *next;
    char *name, *value;
} fake_header;

typedef enum fake_stage {
    FAKE_IDENTIFY,
    FAKE_LIMIT,
    FAKE_HANDLE,
    FAKE_REPLY, /* runs inside the reply */
    FAKE_ENDED
} fake_stage;

/* The test's view of a request; outlives it. */
struct hearth_test_call {
    hearth_test_call *next;
    hearth_test_host *host;
    struct hearth_req *req; /* NULL once it has ended */
    int status;
    bool head;
    char *body;
    size_t body_len;
    fake_header *headers;
    hearth_arena *json_arena;
};

struct hearth_req {
    hearth_test_host *host;
    hearth_test_call *call;
    hearth_arena *arena;
    char *method, *path, *query, *body, *peer, *request_id;
    size_t body_len;
    fake_header *headers; /* of the request */
    fake_header *reply_headers;
    const fake_route *route;
    char *param_names[FAKE_MAX_PARAMS];
    hearth_str params[FAKE_MAX_PARAMS];
    size_t param_count;
    hearth_identity identity;
    char *user, *session, *scope;
    bool identified;
    fake_stage stage;
    size_t hook;        /* the next of its stage */
    uint32_t loop;      /* the connection's */
    uint32_t home;      /* where it runs now */
    fake_plugin *owner; /* whose code holds it */
    bool replied, gone, in_reply_hooks;
    size_t header_bytes;        /* what the handlers have added */
    bool running;               /* its handler or hook has not returned yet */
    bool completed;             /* complete() was called before that */
    struct hearth_async *async; /* while it is taken over */
    uint64_t start_ns;
    hearth_trace_context trace;
};

/* Finds route and parameters. 0: found, 404, 405 (*allow is filled) or 400. */
int fake_route_find(hearth_req *req, char allow[128]);
/* Decodes %XX; false: malformed. In place, NUL-terminated. */
bool fake_decode(char *text, size_t *len, bool plus);

fake_header *fake_headers_parse(const char *text);
void fake_headers_free(fake_header *list);
const char *fake_headers_find(const fake_header *list, const char *name);
void fake_headers_add(fake_header **list, const char *name, hearth_str value);

/* Goes on with the phases from where the request stands; frees it at its end. */
void fake_request_go_on(hearth_req *req);
/* After complete(): it ends, or goes on behind a hook that let it go on. */
void fake_request_completed(hearth_req *req, bool is_hook);
hearth_req *fake_request_new(hearth_test_host *host, const hearth_test_request_spec *spec);
/* Route and first phase. */
void fake_request_begin(hearth_req *req);
hearth_status fake_request_reply(hearth_req *req, int status, hearth_str type, hearth_str body);
hearth_status fake_request_error(hearth_req *req, int status, const char *code, hearth_str members,
                                 const char *text);
void fake_request_cancel(hearth_req *req);
void fake_request_free(hearth_req *req);
void fake_asyncs_finish(hearth_test_host *host);

#endif
