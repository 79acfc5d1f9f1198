/*
 * plugin_fixture.h - the plugin in the fake host, on two loops, with a scripted hearth.entities/1:
 * one that can be told to be late or to fail, which the real one does only when disks do. The tests
 * in tests/integration run the same routes on the real one.
 */
#ifndef CHARACTERS_TEST_PLUGIN_FIXTURE_H
#define CHARACTERS_TEST_PLUGIN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hearth/service/characters.h>
#include <hearth/service/entities.h>
#include <hearth/service/identity.h>
#include <hearth/testing.h>

#define ALICE "11111111-1111-4111-8111-111111111111"
#define BOB   "22222222-2222-4222-8222-222222222222"

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

/* Makes a character and gives its id, valid until the next call of this function. */
const char *create_as(struct world *world, const char *user, const char *body);

/* The answer's code ("NAME_TAKEN"), or "" where there is none. */
const char *code_of(hearth_test_call *call);
/* A number of the answer. */
int64_t number_of(hearth_test_call *call, const char *path);

#define assert_status(call_, status_)                                                              \
    do {                                                                                           \
        hearth_test_call *checked_ = (call_);                                                      \
        if (hearth_test_status(checked_) != (status_))                                             \
            fail_msg("expected %d, found %d: %s", (status_), hearth_test_status(checked_),         \
                     hearth_test_body(checked_).ptr);                                              \
    } while (0)

#define assert_refused(call_, status_, code_)                                                      \
    do {                                                                                           \
        hearth_test_call *refused_ = (call_);                                                      \
        assert_status(refused_, status_);                                                          \
        assert_string_equal(code_of(refused_), code_);                                             \
    } while (0)

#endif
