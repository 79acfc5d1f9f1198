/*
 * observe.c - what the host counts of every request that is over: number by route, method and
 * status, duration by route, and its span. No string is built and nothing is looked up by label
 * once a route has answered with a status before.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "host/metrics.h"
#include "host/request.h"

static hearth_series *requests_series(host_loop *loop, const hearth_req *req, bool head)
{
    char digits[4];
    int status = req->reply.status;
    digits[0] = (char)('0' + status / 100 % 10);
    digits[1] = (char)('0' + status / 10 % 10);
    digits[2] = (char)('0' + status % 10);
    hearth_str values[3] = {request_route(req), method_name(req->method), {digits, 3}};
    if (head)
        values[1] = HEARTH_STR("HEAD");
    if (req->method == HTTP_OTHER_METHOD)
        values[1] = HEARTH_STR("other");
    return cells_series(&loop->cells, HOST_METRIC_REQUESTS, values, 3);
}

static hearth_series *find_series(host_loop *loop, host_route_cells *cells, const hearth_req *req)
{
    bool head = req->method == HTTP_HEAD_METHOD;
    if (!req->route) /* 404, 405 and what was malformed: methods differ */
        return requests_series(loop, req, head);
    for (size_t i = 0; i < ROUTE_STATUSES; i++) {
        if (cells->seen[i].status == req->reply.status && cells->seen[i].head == head)
            return cells->seen[i].requests;
        if (cells->seen[i].status != 0)
            continue;
        cells->seen[i].status = req->reply.status;
        cells->seen[i].head = head;
        cells->seen[i].requests = requests_series(loop, req, head);
        return cells->seen[i].requests;
    }
    return requests_series(loop, req, head);
}

static void export_span(host_loop *loop, hearth_req *req, uint64_t duration_ns)
{
    char digits[8];
    (void)snprintf(digits, sizeof(digits), "%d", req->reply.status);
    hearth_str route = request_route(req);
    hearth_str attributes[] = {HEARTH_STR("http.request.method"),
                               method_name(req->method),
                               HEARTH_STR("http.route"),
                               route,
                               HEARTH_STR("http.response.status_code"),
                               str_from(digits)};
    hearth_span_record record = {
        .struct_size = sizeof(record),
        .status = req->reply.status >= 500 ? HEARTH_EINTERNAL : HEARTH_OK,
        .context = req->trace,
        .name = route.len > 0 ? route : HEARTH_STR("unmatched"),
        .start_wall_ns = clock_wall_ms() * 1000000 - (int64_t)duration_ns,
        .duration_ns = duration_ns,
        .attributes = attributes,
        .attribute_count = HEARTH_COUNT(attributes) / 2,
    };
    memcpy(record.parent_id, req->parent_span, sizeof(record.parent_id));
    trace_export(loop, &record);
}

void observe_request(host_loop *loop, hearth_req *req)
{
    const host_route *route = req->route ? req->route->data : NULL;
    host_request *request = host_request_of(req); /* NULL: it was refused before it was routed */
    if (request && request->observed)
        return;
    if (request)
        request->observed = true;
    uint64_t duration = request_duration_ns(req);
    host_route_cells *cells = &loop->route_cells[route ? route->index : loop->host->route_count];
    if (req->reply.status != 0) {
        hearth_series *series = find_series(loop, cells, req);
        if (series)
            cells_add(series, 1);
    }
    if (!cells->duration) {
        hearth_str value = request_route(req);
        cells->duration = cells_series(&loop->cells, HOST_METRIC_DURATION, &value, 1);
    }
    if (cells->duration)
        cells_observe(cells->duration, (double)duration / 1e9);
    if (loop->exporters > 0 && (req->trace.flags & 1))
        export_span(loop, req, duration);
}
