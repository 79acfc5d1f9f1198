/*
 * plugin_fixture.h - the plugin in the fake host, on two loops, with a scripted hearth.entities/1:
 * one that can be told to be late or to fail, which the real one does only when disks do. The tests
 * in tests/integration run the same routes on the real one.
 */
#ifndef CHARACTERS_TEST_PLUGIN_FIXTURE_H
#define CHARACTERS_TEST_PLUGIN_FIXTURE_H

#include <hearth/service/characters.h>
#include <hearth/service/entities.h>
#include <hearth/service/identity.h>

#include "answer.h"

#define ALICE   "11111111-1111-4111-8111-111111111111"
#define BOB     "22222222-2222-4222-8222-222222222222"
#define NOBODY  "99999999-9999-4999-8999-999999999999"
#define FIGHTER "{\"race\":\"Human\",\"class\":\"Fighter\"}"

/* What the scripted entities does next. */
struct script {
    hearth_status load_status;    /* of loads, turns and lists, unless OK */
    hearth_status commit_status;  /* of commits, creates and removes, unless OK */
    int hold_commits;             /* they wait for script_release */
    int lag;                      /* the durable version stays this far behind */
    hearth_durability durability; /* of the last commit */
    size_t loads, commits, evictions;
};

struct world {
    hearth_test_host *host;
    struct script script;
};

/* Lets the waiting commits have their outcome. */
void script_release(struct world *world);
/* The document that entities was given last. */
const char *script_document(void);

/* cmocka setup and teardown; *state is a struct world. */
int world_start(void **state);
int world_stop(void **state);

/* What identity says when the last session of a user ends. */
void world_last_logout(const char *user);

/* Starts the world with a key of the plugin's configuration, "key=value". */
struct world *world_create(const char *key_value);
void world_destroy(struct world *world);

/* Sends as a user, application/json where there is a body; NULL headers for none. */
hearth_test_call *send_as(struct world *world, const char *user, const char *method,
                          const char *path, const char *headers, const char *body);

/* The path of a character, going on with `rest`; valid until the next call of this function. */
const char *at(const char *id, const char *rest);
/* A change of the hitpoints of one of Alice's. */
hearth_test_call *hitpoints(struct world *world, const char *id, const char *headers,
                            const char *body);

/* Makes a character and gives its id, valid until the next call of this function. */
const char *create_as(struct world *world, const char *user, const char *body);

#endif
