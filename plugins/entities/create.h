/*
 * create.h - a new entity with its claims, always in storage before anybody hears of it.
 */
#ifndef ENTITIES_CREATE_H
#define ENTITIES_CREATE_H

#include "entity.h"

hearth_status
service_create(hearth_ctx *ctx, const hearth_entity_create *create, uint32_t deadline_ms,
               void (*done)(hearth_status status, const hearth_create_result *result, void *arg),
               void *arg);
void create_free_all(struct local *local);

#endif
