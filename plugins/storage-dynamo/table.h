/*
 * table.h - whether the table is there and DynamoDB answers: looked at when the plugin starts and
 * while it is unhealthy, and made in development.
 */
#ifndef STORAGE_DYNAMO_TABLE_H
#define STORAGE_DYNAMO_TABLE_H

#include "plugin.h"

struct table *table_create(hearth_ctx *ctx); /* NULL: out of memory. [loop] */
void table_destroy(struct table *table);
/* No look at it from now on. [loop] */
void table_close(struct table *table);
/* What a request was told; decides what healthy() and GET /health/ready say. [loop] */
void table_heard(struct table *table, enum outcome outcome, const char *error);
/* A request was throttled to its end: so is the table, until a request gets through. [loop] */
void table_throttled(struct table *table, const char *error);
bool table_healthy(const struct table *table);

#endif
