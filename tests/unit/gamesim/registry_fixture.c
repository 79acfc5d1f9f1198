/*
 * registry_fixture.c - see registry_fixture.h.
 */
#include "registry_fixture.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- HTTP ---- */

struct https_client client;

hearth_status https_create(https_client **out, uv_loop_t *loop, const char *ca)
{
    (void)loop;
    (void)ca;
    memset(&client, 0, sizeof(client));
    *out = &client;
    return HEARTH_OK;
}

hearth_status https_send(https_client *to, const https_request *request)
{
    assert_true(to->count < SENT_MAX);
    struct sent *sent = &to->sent[to->count++];
    snprintf(sent->method, sizeof(sent->method), "%s", request->method);
    snprintf(sent->path, sizeof(sent->path), "%s", request->url + strlen("http://hearthd"));
    snprintf(sent->bearer, sizeof(sent->bearer), "%s", request->bearer);
    snprintf(sent->body, sizeof(sent->body), "%s", request->body ? request->body : "");
    sent->done = request->done;
    sent->arg = request->arg;
    return HEARTH_OK;
}

void https_stop(https_client *stopped)
{
    (void)stopped;
}

void https_destroy(https_client *destroyed)
{
    (void)destroyed;
}

size_t waiting(const char *method, const char *path)
{
    size_t count = 0;
    for (size_t i = 0; i < client.count; i++)
        count += !client.sent[i].answered && strcmp(client.sent[i].method, method) == 0 &&
                 strstr(client.sent[i].path, path) != NULL;
    return count;
}

struct sent *next(const char *method, const char *path)
{
    for (size_t i = 0; i < client.count; i++) {
        struct sent *sent = &client.sent[i];
        if (!sent->answered && strcmp(sent->method, method) == 0 && strstr(sent->path, path))
            return sent;
    }
    fail_msg("no %s %s waits for an answer", method, path);
    return NULL;
}

void answer_later(struct sent *sent, int status, const char *body, unsigned retry_after)
{
    const https_reply reply = {.status = status,
                               .body = body,
                               .len = strlen(body),
                               .retry_after = retry_after,
                               .error = status ? NULL : "scripted: nobody there"};
    sent->answered = true;
    sent->done(sent->arg, &reply);
}

void answer(struct sent *sent, int status, const char *body)
{
    answer_later(sent, status, body, 0);
}

/* ---- the instance ---- */

static void on_registered(void *arg, const struct registration_terms *terms)
{
    (void)terms;
    ((struct rig *)arg)->registered++;
}

static void on_lost(void *arg)
{
    ((struct rig *)arg)->lost++;
}

static void on_refused(void *arg, const char *why)
{
    (void)arg;
    fail_msg("refused: %s", why);
}

static void on_drain(void *arg)
{
    ((struct rig *)arg)->drained++;
}

static void on_end(void *arg, const uint8_t session[16])
{
    (void)arg;
    (void)session;
}

static void on_kick(void *arg, const uint8_t session[16], const uint8_t user[16])
{
    (void)arg;
    (void)session;
    (void)user;
}

static size_t no_sessions(void *arg, struct heartbeat_session *out, size_t max)
{
    (void)arg;
    (void)out;
    (void)max;
    return 0;
}

int rig_begin(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    struct registry_config config = {.url = "http://hearthd",
                                     .token = "registering",
                                     .registration = {.address = "192.0.2.7",
                                                      .port = 40000,
                                                      .version = "1",
                                                      .wire_version = 1,
                                                      .game_sims = 10,
                                                      .players = 4},
                                     .events = {on_registered, on_lost, on_refused, on_drain,
                                                on_end, on_kick, no_sessions, rig}};
    assert_non_null(rig);
    rig->now_ns = 1000 * SECOND_NS;
    assert_int_equal(registry_create(&rig->registry, NULL, &config), HEARTH_OK);
    *state = rig;
    return 0;
}

int rig_end(void **state)
{
    struct rig *rig = *state;
    registry_stop(rig->registry);
    registry_destroy(rig->registry);
    free(rig);
    return 0;
}

void pass(struct rig *rig, double seconds)
{
    uint64_t until = rig->now_ns + (uint64_t)(seconds * 1e9);
    while (rig->now_ns < until) {
        rig->now_ns += SECOND_NS / 30;
        registry_tick(rig->registry, rig->now_ns);
    }
}

void enter(struct rig *rig)
{
    pass(rig, 0.1);
    answer(next("POST", "/gamesim-instances"), 201, TERMS("first"));
    pass(rig, 0.1);
    answer(next("PUT", "/heartbeat"), 200, BEATEN);
    assert_int_equal(rig->registered, 1);
}

struct stream *open_session(struct rig *rig, uint8_t number)
{
    const uint8_t id[16] = {number};
    struct stream *stream = registry_open_stream(rig->registry, id);
    assert_non_null(stream);
    return stream;
}

void report(struct stream *stream, uint32_t amount)
{
    const struct report_event event = {
        .type = REPORT_EXPERIENCE, .character = {1}, .amount = amount};
    stream_add(stream, &event);
}
