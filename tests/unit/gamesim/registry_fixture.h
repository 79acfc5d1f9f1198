/*
 * registry_fixture.h - an instance's connection to hearthd over scripted HTTP, by a clock that only
 * the test moves.
 */
#ifndef GAMESIM_REGISTRY_FIXTURE_H
#define GAMESIM_REGISTRY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "report/registry.h"

#define SECOND_NS UINT64_C(1000000000)
#define INSTANCE  "0a0a0a0a-0000-4000-8000-000000000001"
#define TERMS(token_)                                                                              \
    "{\"id\":\"" INSTANCE "\",\"heartbeatSeconds\":30,\"connectKey\":"                             \
    "\"0101010101010101010101010101010101010101010101010101010101010101\","                        \
    "\"protocolId\":\"0000000000000001\",\"tokenLifetimeSeconds\":30,\"rejoinSeconds\":120,"       \
    "\"instanceToken\":\"" token_ "\"}"
#define BEATEN "{\"drain\":false,\"end\":[],\"kick\":[]}"

/* A request as it went out. */
struct sent {
    char method[8], path[128], bearer[32], body[4096];
    https_done_fn done;
    void *arg;
    bool answered;
};

#define SENT_MAX 512

/* All that went out, in order. */
struct https_client {
    struct sent sent[SENT_MAX];
    size_t count;
};

extern struct https_client client;

struct rig {
    gamesim_registry *registry;
    uint64_t now_ns;
    unsigned registered, lost, drained;
};

int rig_begin(void **state);
int rig_end(void **state);

/* How many requests with this method and path (or part of it) wait for an answer. */
size_t waiting(const char *method, const char *path);
/* The first of them. */
struct sent *next(const char *method, const char *path);
/* status 0: nobody is there. */
void answer_later(struct sent *sent, int status, const char *body, unsigned retry_after);
void answer(struct sent *sent, int status, const char *body);

/* Time passes, in ticks of a thirtieth of a second. */
void pass(struct rig *rig, double seconds);
/* Registered with this token, and heard of once. */
void enter(struct rig *rig);

struct stream *open_session(struct rig *rig, uint8_t number);
/* Something happens that hearthd has to hear of. */
void report(struct stream *stream, uint32_t amount);

#endif
