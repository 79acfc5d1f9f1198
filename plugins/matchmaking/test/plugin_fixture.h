/*
 * plugin_fixture.h - the plugin in the fake host, perhaps twice over one storage, with scripted
 * services (services_script.h): they and storage outlive a host, so that a test can let one crash
 * between any two steps. Time stands still until a test moves it.
 */
#ifndef MATCHMAKING_PLUGIN_FIXTURE_H
#define MATCHMAKING_PLUGIN_FIXTURE_H

#include "answer.h"
#include "store.h"

#define ALICE        "11111111-1111-4111-8111-111111111111"
#define BOB          "22222222-2222-4222-8222-222222222222"
#define CAROL        "33333333-3333-4333-8333-333333333333"
#define ALICES_HERO  "aaaaaaaa-1111-4111-8111-111111111111"
#define BOBS_HERO    "aaaaaaaa-2222-4222-8222-222222222222"
#define CAROLS_HERO  "aaaaaaaa-3333-4333-8333-333333333333"
#define NOBODY       "99999999-9999-4999-8999-999999999999"
#define NO_SUCH_ITEM 666 /* loot that the rules refuse with UNKNOWN_ITEM */

struct hero {
    const char *user, *id;
    hearth_status status; /* of applies, unless OK */
    hearth_status holds;  /* of holds, unless OK */
    int unconscious;
    char source[64]; /* what it has applied last */
    uint64_t sequence;
    size_t calls, releases;
    char released_by[64];     /* the holder that did it last */
    int64_t loot, experience; /* sums */
    char order[256];          /* kinds of the changes that it was given, one letter each */
};

#define HEROES 3

struct world {
    hearth_test_host *hosts[2];
    hearth_test_host *host; /* whom the functions below mean */
    struct store store;
    struct hero heroes[HEROES];
    int hold; /* answers to applies and releases wait for heroes_release */
    void *held;
    int issue_fails; /* no signing key can be read */
    size_t issued;   /* tokens: "token-SUBJECT-NUMBER" */
    const char *const *settings;
};

/* cmocka setup and teardown; *state is a struct world. What a test advances the clock by is not
 * silence, nor a new look at the registry; with heartbeats it is, as shipped. */
int world_start(void **state);
int world_start_heartbeats(void **state);
int world_stop(void **state);

/* Another hearthd over the same storage and characters; the functions below mean it now. */
void world_second(struct world *world);
/* The host ends without finishing anything, and another one starts. */
void world_restart(struct world *world);

struct hero *hero_of(struct world *world, const char *id);
void heroes_release(struct world *world);

hearth_test_call *send_as(struct world *world, const char *user, const char *scope,
                          const char *method, const char *path, const char *body);
/* An instance of two sessions of three seats, its id; a session on it with Alice's hero, its id;
 * both valid until the next call. */
const char *register_at(struct world *world, unsigned port);
const char *open_session(struct world *world);
void join_session(struct world *world, const char *game_sim, const char *user,
                  const char *character);

/* A report of an instance; `rest` is behind the sequence: "\"events\":[]". */
hearth_test_call *report_as(struct world *world, const char *instance, const char *game_sim,
                            const char *kind, unsigned sequence, const char *rest);
/* The same without waiting for its answer. */
hearth_test_call *begin_report(struct world *world, const char *instance, const char *game_sim,
                               const char *kind, unsigned sequence, const char *rest);

/* The stored document of a session's record, or of an answer; NULL: there is none. */
const hearth_doc *stored_record(struct world *world, const char *game_sim);
const hearth_doc *stored_answer(struct world *world, const char *game_sim, unsigned sequence);
/* Whether its instance's document lists the session. */
int is_listed(struct world *world, const char *instance, const char *game_sim);

/* A copy of what the functions above give. */
static inline void keep(const char *id, char out[64])
{
    snprintf(out, 64, "%s", id);
}

/* Documents of a collection. */
size_t count_stored(const struct world *world, const char *collection);
/* How often the hold of this character was released from this session. */
size_t releases_of(struct world *world, const char *character, const char *game_sim);

/* A heartbeat; game_sims: the JSON of the list. */
hearth_test_call *beat(struct world *world, const char *instance, unsigned sequence,
                       const char *game_sims);
/* A request about an instance, its path going on with `rest`. */
hearth_test_call *call_instance(struct world *world, const char *user, const char *scope,
                                const char *method, const char *id, const char *rest);
/* The list of instances, as an instance sees it, or somebody else. */
hearth_test_call *list_instances(struct world *world);
hearth_test_call *list_as(struct world *world, const char *user, const char *scope);

#define assert_answer(call_, body_)                                                                \
    do {                                                                                           \
        hearth_test_call *answered_ = (call_);                                                     \
        assert_status(answered_, 200);                                                             \
        assert_string_equal(hearth_test_body(answered_).ptr, body_);                               \
    } while (0)

#endif
