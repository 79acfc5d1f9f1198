/*
 * requests_fixture.h - the plugin on a fake host and a scripted DynamoDB, and calls of its service
 * that are waited for.
 */
#ifndef STORAGE_DYNAMO_REQUESTS_FIXTURE_H
#define STORAGE_DYNAMO_REQUESTS_FIXTURE_H

#include <hearth/service/storage.h>
#include <hearth/testing.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server.h"

#define WAIT_MS 20000
#define SECRET  "AbsolutelySecretKey"
#define MAX_OPS 32

extern hearth_test_host *host;
extern struct server *server;
extern const hearth_storage *storage;
extern hearth_ctx *provider;

/* What the last call was answered. */
extern struct last {
    int done;
    hearth_status status;
    size_t count;
    hearth_storage_outcome outcomes[MAX_OPS];
    uint64_t versions[MAX_OPS]; /* of what is there, 0: nothing */
    char error[400];
} last;

/* cmocka setup and teardown. */
int set_up(void **state);
int tear_down(void **state);

/* An op on document c, p, `sort`. */
hearth_storage_op put(const char *sort, uint32_t condition, uint64_t base);
void write_ops(const hearth_storage_op *ops, size_t count, bool atomic);
hearth_storage_outcome write_one(hearth_storage_op op);
/* Of document c, p, s. */
hearth_status get(void);

double metric(const char *name, const char *labels);

#endif
