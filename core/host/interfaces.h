/*
 * interfaces.h - the tables behind hearth_host.get: one per file of this folder.
 */
#ifndef HEARTH_HOST_INTERFACES_H
#define HEARTH_HOST_INTERFACES_H

#include <hearth/arena.h>
#include <hearth/client.h>
#include <hearth/clock.h>
#include <hearth/command.h>
#include <hearth/http.h>
#include <hearth/json.h>
#include <hearth/log.h>
#include <hearth/loop.h>
#include <hearth/mail.h>
#include <hearth/metrics.h>
#include <hearth/poll.h>
#include <hearth/random.h>
#include <hearth/task.h>
#include <hearth/timer.h>
#include <hearth/trace.h>

#include "plugin/registry.h"

extern const hearth_arena_api host_arena_api;
extern const hearth_client host_client_api;
extern const hearth_clock host_clock_api;
extern const hearth_command_api host_command_api;
extern const hearth_http host_http_api;
extern const hearth_json host_json_api;
extern const hearth_log host_log_api;
extern const hearth_loop_api host_loop_api;
extern const hearth_mail host_mail_api;
extern const hearth_metrics host_metrics_api;
extern const hearth_poll_api host_poll_api;
extern const hearth_random host_random_api;
extern const hearth_task host_task_api;
extern const hearth_timer_api host_timer_api;
extern const hearth_trace host_trace_api;

/* All of them, ended by {NULL, NULL}. */
extern const plugin_interface host_interfaces[];

#endif
