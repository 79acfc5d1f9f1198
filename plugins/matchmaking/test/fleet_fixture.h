/*
 * fleet_fixture.h - fleets over one scripted storage, each as a hearthd of its own would have it.
 */
#ifndef MATCHMAKING_FLEET_FIXTURE_H
#define MATCHMAKING_FLEET_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hearth/testing.h>

#include "fleet/allocate.h"
#include "store.h"

#define FLEETS 3

struct world {
    hearth_test_host *host;
    hearth_ctx *ctx;
    struct store store;
    struct matchmaking_conf conf;
    struct mm_loop loops[FLEETS];
};

/* One that asks for a seat, and what came of it. */
struct asking {
    struct allocation allocation;
    int done;
    enum allocated result;
};

void world_init(struct world *world);
/* Starts a fleet of its own in loops[number], after a first look at storage. */
struct fleet *world_fleet(struct world *world, int number);
void world_finish(struct world *world);

/* Puts instance number n into storage, as its registration would have. */
void world_instance(struct world *world, unsigned n, uint32_t game_sims, uint32_t players,
                    const char *version);
/* What storage says of instance number n; the caller's. */
struct instance *world_stored(struct world *world, unsigned n);
/* Another heartbeat of it arrives in storage, from another hearthd. */
void world_beat(struct world *world, unsigned n);
/* It was told this interval when it registered. */
void world_told(struct world *world, unsigned n, uint32_t heartbeat_ms);
/* An operator drains it, through another hearthd. */
void world_drain(struct world *world, unsigned n);

void instance_number(unsigned n, char id[HEARTH_UUID_SIZE]);

/* Player number n asks; nothing runs before the next pump. */
void ask(struct world *world, struct fleet *fleet, struct asking *asking, unsigned n, bool search);
/* Makes it a player's who wants into the session of this seat; for allocate(). */
void ask_to_join(struct asking *asking, const struct seat *seat, unsigned n);
/* Lets time pass until every one of them has an answer. */
void wait_for(struct world *world, struct asking *askings, size_t count);

/* What this fleet's metric number `index` says. */
double metric(int index);
/* Of the metric of instances: "ready", "draining". */
double instances_in(const char *state);

#endif
