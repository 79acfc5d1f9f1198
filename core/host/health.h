/*
 * health.h - what components of plugins say of themselves, and the two probes that repeat it.
 */
#ifndef HEARTH_HOST_HEALTH_H
#define HEARTH_HOST_HEALTH_H

#include "host/state.h"

typedef struct host_health host_health;

host_health *health_create(uint32_t loops);
void health_destroy(host_health *health);

/* hearth_host.health. [any] */
void health_report(hearth_ctx *ctx, const char *component, hearth_health state, const char *reason);

/* Whether no component says HEARTH_NOT_READY. [any] */
bool health_is_ready(host_health *health);

/* Whether /health/ready answers 200. [any] */
bool health_is_ready_now(host_state *host);

/* Visits every component with the worst that any loop says of it. [any]; visit must not report */
void health_visit(host_health *health,
                  void (*visit)(void *arg, const char *plugin, const char *component,
                                hearth_health state),
                  void *arg);

/* The builtin routes. [loop] */
void health_live(host_loop *loop, hearth_req *req);
void health_ready(host_loop *loop, hearth_req *req);

#endif
