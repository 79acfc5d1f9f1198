/*
 * fixture.h - the plugin in the fake host over the scripted storage, and a collection of notes: a
 * note's body is {"text":"..."} and its state that text.
 */
#ifndef ENTITIES_TEST_FIXTURE_H
#define ENTITIES_TEST_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <hearth/service/cache.h>
#include <hearth/service/entities.h>
#include <hearth/testing.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"

struct world {
    hearth_test_host *host;
    hearth_ctx *ctx; /* the plugin's, on loop 0 */
    const hearth_entities *entities;
    struct store store;
    uint32_t max_entities;       /* of creates, 0: any number */
    uint32_t create_deadline_ms; /* 0: 2000 */
    char directory[64];
    uint32_t body_version; /* of the collection, 0: 1 */
    const char *settings[8];
    bool real_storage_down_at_start;
    const hearth_cache *cache; /* NULL: none is enabled */
    void *cache_shared;        /* its ctx->shared */
    int states;                /* alive now */
};

/* What a call answered. */
struct outcome {
    int done;
    hearth_status status;
    uint64_t version, durable;
    char text[256];
    hearth_create_outcome created;
    size_t claim, count;
    char all[512]; /* of a list: "text text " */
    char owner[512];
};

extern const hearth_plugin_desc hearth_plugin_main;

/* A new directory and an empty store; not started. */
void world_init(struct world *world);
void world_start(struct world *world);
/* A clean stop; the directory and the store stay. */
void world_stop(struct world *world);
/* Copies the journal as a crash would leave it now, for world_crash_start. */
void world_crash(struct world *world);
void world_finish(struct world *world);
/* Pumps until *flag, for some seconds at most. */
void wait_for(struct world *world, const int *flag);
/* Pumps until storage has this version of a note; fails after some seconds. */
void wait_stored(struct world *world, const char *user, const char *id, uint64_t version);

/* What a subcommand printed, on both of its outputs; valid until the next. */
const char *command(struct world *world, const char *words);
/* The number of the first dead letter. */
unsigned letter(struct world *world);
/* Conditions for hearth_test_wait_for; arg is the world. */
int has_dead(void *arg);
int no_rows(void *arg);
void wait_dead(struct world *world);

/* A world with one note, ann/1, "zero", version 1; not started. */
int world_setup(void **state);
int world_teardown(void **state);
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, world_setup, world_teardown)

hearth_key note(const char *user, const char *id);
void put_note(struct world *world, const char *user, const char *id, const char *text,
              uint64_t version);

void on_entity(hearth_status status, const hearth_entity *entity, void *arg);
struct outcome load_note(struct world *world, const char *user, const char *id);
struct outcome list_notes(struct world *world, const char *user);

/* A change: waits for its turn, then commits `text`. Started, not awaited. */
struct change_call {
    struct world *world;
    const char *text;
    hearth_durability durability;
    uint32_t deadline_ms;
    const hearth_receipt *receipt;
    int turned;     /* its callback ran */
    char seen[256]; /* the state that it saw */
    uint64_t seen_version;
    hearth_status committed;
    struct outcome outcome;
};

hearth_status start_change(struct change_call *call, const char *user, const char *id);
/* Started and awaited. */
struct outcome change_note(struct world *world, const char *user, const char *id, const char *text,
                           hearth_durability durability);

hearth_entity_next next_of(struct world *world, const char *text, char body[400]);
/* Started, not awaited. */
hearth_status start_create(struct world *world, const char *user, const char *id, const char *text,
                           const char *name, const hearth_receipt *receipt,
                           struct outcome *outcome);
struct outcome create_note(struct world *world, const char *user, const char *id, const char *text,
                           const char *name, const hearth_receipt *receipt);
struct outcome remove_note(struct world *world, const char *user, const char *id, const char *name);
struct outcome claimant_of(struct world *world, const char *name);

#endif
