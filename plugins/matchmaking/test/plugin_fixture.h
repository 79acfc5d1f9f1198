/*
 * plugin_fixture.h - the plugin in the fake host, on two loops, over storage-faulty (documents in
 * memory, failures on command), with a scripted identity and scripted characters. Time stands still
 * until a test moves it.
 */
#ifndef MATCHMAKING_PLUGIN_FIXTURE_H
#define MATCHMAKING_PLUGIN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hearth/service/characters.h>
#include <hearth/service/identity.h>
#include <hearth/testing.h>

#define ALICE       "11111111-1111-4111-8111-111111111111"
#define BOB         "22222222-2222-4222-8222-222222222222"
#define CAROL       "33333333-3333-4333-8333-333333333333"
#define ALICES_HERO "aaaaaaaa-1111-4111-8111-111111111111"
#define BOBS_HERO   "aaaaaaaa-2222-4222-8222-222222222222"
#define CAROLS_HERO "aaaaaaaa-3333-4333-8333-333333333333"
#define NOBODY      "99999999-9999-4999-8999-999999999999"

/* What the scripted services do, and what they were asked. Everybody owns every character. */
struct script {
    int issue_fails;       /* no signing key can be read */
    size_t issued;         /* tokens: "token-SUBJECT-NUMBER" */
    char released[16][80]; /* "CHARACTER from SESSION", the latest at released[(count - 1) % 16] */
    size_t releases;
    size_t applied;        /* changes of characters */
    hearth_status applies; /* the status of applying them */
};

struct world {
    hearth_test_host *host;
    struct script script;
};

/* cmocka setup and teardown; *state is a struct world. */
int world_start(void **state);
int world_stop(void **state);

/* Has storage fail from now on: see tests/plugins/storage-faulty/faults.h. */
void world_fault(struct world *world, const char *line);

/* Sends as a user of this scope, application/json where there is a body; lets a moment pass for
 * what has to wait for the next look at the registry. */
hearth_test_call *send_as(struct world *world, const char *user, const char *scope,
                          const char *method, const char *path, const char *body);

/* Registers an instance of two sessions of three seats at this port, and gives its id, valid until
 * the next call of this function. */
const char *register_at(struct world *world, unsigned port);
/* Its heartbeat; game_sims: the JSON of the list. */
hearth_test_call *beat(struct world *world, const char *instance, unsigned sequence,
                       const char *game_sims);
/* Opens a session with this user, or joins it, and gives its id, valid until the next call. */
const char *open_session(struct world *world, const char *user, const char *character);
void join_session(struct world *world, const char *game_sim, const char *user,
                  const char *character);

/* How often the hold of this character was released from this session. */
size_t releases_of(const struct world *world, const char *character, const char *game_sim);

/* The answer's code ("NOT_FOUND"), or "" where there is none. */
const char *code_of(hearth_test_call *call);
/* A string of the answer, without quotes; valid until the next call. */
const char *text_of(hearth_test_call *call, const char *path);
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
