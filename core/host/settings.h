/*
 * settings.h - the keys of hearth.yaml: one table declares, checks and documents them.
 */
#ifndef HEARTH_HOST_SETTINGS_H
#define HEARTH_HOST_SETTINGS_H

#include "conf/conf.h"

#define SETTINGS_MAX_LOOPS 128

/* One entry of `listen`. */
typedef struct host_listen {
    hearth_str address;         /* "127.0.0.1:8080", "[::1]:8080" */
    hearth_str tls_certificate; /* PEM file; empty: plain HTTP */
    hearth_str tls_key;
} host_listen;

/* In the order of the table in settings.c. Durations in milliseconds, sizes in bytes. */
typedef struct host_settings {
    conf_group_list listen; /* of host_listen */
    hearth_str loops;       /* "auto" or a number */
    hearth_str data_dir;
    hearth_str plugin_dir; /* empty: beside the program */
    hearth_conf_map services;
    hearth_conf_list include;
    hearth_str base_path; /* "" or "/game" */
    hearth_conf_list cors_origins;
    hearth_conf_list trusted_proxies;
    uint32_t proxy_header; /* index into x-forwarded-for|forwarded */
    uint32_t log_level;    /* index into error|warn|info|debug */
    int64_t loop_stall_warn;
    int64_t slow_request;
    int64_t max_header, max_target, max_body;
    int64_t max_connections, max_in_flight;
    int64_t header_timeout, body_timeout, idle_timeout, write_timeout, request_timeout;
    int64_t drain_delay, drain_timeout, start_timeout;
    int64_t request_memory;
    int64_t task_threads, task_queue;
    int64_t client_calls;
} host_settings;

extern const conf_schema settings_schema;

/* What the table cannot say: loops, base_path, listen entries. Adds errors with their place. */
void settings_check(const host_settings *settings, const conf_doc *doc, conf_errors *errors);

/* The number of loops; `auto` is one per processor that this process may use. After the check. */
uint32_t settings_loops(const host_settings *settings);

#endif
