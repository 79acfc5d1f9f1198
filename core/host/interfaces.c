/* interfaces.c - every host interface by its id. */
#include "host/interfaces.h"

const plugin_interface host_interfaces[] = {
    {HEARTH_ARENA_ID, &host_arena_api}, {HEARTH_CLIENT_ID, &host_client_api},
    {HEARTH_CLOCK_ID, &host_clock_api}, {HEARTH_COMMAND_ID, &host_command_api},
    {HEARTH_HTTP_ID, &host_http_api},   {HEARTH_JSON_ID, &host_json_api},
    {HEARTH_LOG_ID, &host_log_api},     {HEARTH_LOOP_ID, &host_loop_api},
    {HEARTH_MAIL_ID, &host_mail_api},   {HEARTH_METRICS_ID, &host_metrics_api},
    {HEARTH_POLL_ID, &host_poll_api},   {HEARTH_RANDOM_ID, &host_random_api},
    {HEARTH_TASK_ID, &host_task_api},   {HEARTH_TIMER_ID, &host_timer_api},
    {HEARTH_TRACE_ID, &host_trace_api}, {NULL, NULL},
};
