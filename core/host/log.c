/* log.c - hearth.log/1: a plugin's lines carry its id, and those of a request its ids. */
#include "base/log.h"

#include "host/interfaces.h"
#include "host/request.h"
#include "host/state.h"

static int enabled(hearth_ctx *ctx, hearth_log_level level)
{
    (void)ctx;
    return log_is_on((log_level)level);
}

static void write_line(hearth_ctx *ctx, hearth_req *req, hearth_log_level level, const char *fmt,
                       ...)
{
    if (!log_is_on((log_level)level))
        return;
    char trace[33];
    log_context context = {.plugin = plugin_ctx_of(ctx)->plugin->id};
    if (req) {
        context.request_id = req->request_id;
        context.trace_id = trace_id_text(&req->trace, trace);
    }
    va_list args;
    va_start(args, fmt);
    log_vwrite((log_level)level, &context, fmt, args);
    va_end(args);
}

const hearth_log host_log_api = {
    .struct_size = sizeof(hearth_log), .enabled = enabled, .write = write_line};
