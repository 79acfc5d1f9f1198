/*
 * registry_state.h - what the files of the registry share; private to this folder.
 */
#ifndef REPORT_REGISTRY_STATE_H
#define REPORT_REGISTRY_STATE_H

#include "report/registry.h"

#define SECOND_NS UINT64_C(1000000000)
#define WHY_MAX   256

/* One registration. Reports of sessions from before a loss still go out in its name. */
struct identity {
    unsigned users; /* streams, and the registry while it is the present one */
    char id[MESSAGES_ID_MAX];
    char token[MESSAGES_TOKEN_MAX];
};

enum registry_phase { REGISTRY_ABSENT, REGISTRY_PRESENT, REGISTRY_LEAVING };

/* A stream and what an answer to its batch needs to find the way back. */
struct delivery {
    gamesim_registry *registry;
    struct stream stream;
};

struct gamesim_registry {
    struct registry_config config;
    https_client *https;
    enum registry_phase phase;
    struct identity *identity;
    struct registration_terms terms;
    bool calling;          /* a registration or heartbeat is on its way */
    bool asking;           /* how many sessions are allocated here */
    bool refused;          /* for good, at the start */
    bool changed;          /* since the last heartbeat */
    bool draining;         /* heartbeats say so */
    bool told_draining;    /* the one on its way says so */
    bool drain_heard;      /* hearthd has acknowledged it */
    bool vacant;           /* nothing is allocated here any more */
    unsigned attempts;     /* failures in a row of registrations and heartbeats */
    unsigned unauthorized; /* heartbeats in a row */
    uint64_t sequence;     /* of heartbeats */
    uint64_t now_ns, due_ns, sent_ns, ask_ns, heard_draining_ns;
    void (*left)(void *arg);
    void *left_arg;
    struct heartbeat_session *sessions; /* scratch for heartbeats */
    struct delivery *deliveries;
    size_t delivery_count;
    registry_status status;
};

/* A pause before attempt number `attempts` + 1: doubles up to `most`, half of it random. */
uint64_t registry_backoff(unsigned attempts, uint64_t least_ns, uint64_t most_ns);

/* Sends with the token of `identity`; `path` follows the base URL. False: out of memory. */
bool registry_call(gamesim_registry *registry, const struct identity *identity, const char *method,
                   const char *path, const char *body, unsigned timeout_ms, https_done_fn done,
                   void *arg);

/* One sentence on an answer that is no success. */
void registry_describe(const https_reply *reply, char out[WHY_MAX]);

void identity_release(struct identity *identity);

/* deliver.c */
void deliver_due(gamesim_registry *registry);

#endif
