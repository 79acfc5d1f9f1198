/*
 * registry_test.c - the connection to hearthd by the clock: registrations, heartbeats and reports
 * that are refused, lost, or put off for hours. HTTP is scripted here; what goes over a real
 * connection is in tests/integration/test_gamesim_registered.py and test_gamesim_away.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/registry.h"
#include "text/uuid.h"

#define SECOND_NS UINT64_C(1000000000)
#define INSTANCE  "0a0a0a0a-0000-4000-8000-000000000001"
#define TERMS(token_)                                                                              \
    "{\"id\":\"" INSTANCE "\",\"heartbeatSeconds\":30,\"connectKey\":"                             \
    "\"0101010101010101010101010101010101010101010101010101010101010101\","                        \
    "\"protocolId\":\"0000000000000001\",\"tokenLifetimeSeconds\":30,\"rejoinSeconds\":120,"       \
    "\"instanceToken\":\"" token_ "\"}"
#define BEATEN   "{\"drain\":false,\"end\":[],\"kick\":[]}"

/* ---- HTTP ---- */

#define SENT_MAX 512

struct sent {
    char method[8], path[128], bearer[32], body[4096];
    https_done_fn done;
    void *arg;
    bool answered;
};

struct https_client {
    struct sent sent[SENT_MAX];
    size_t count;
};

static struct https_client client;

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

/* How many requests with this method and path (or part of it) wait for an answer. */
static size_t waiting(const char *method, const char *path)
{
    size_t count = 0;
    for (size_t i = 0; i < client.count; i++)
        count += !client.sent[i].answered && strcmp(client.sent[i].method, method) == 0 &&
                 strstr(client.sent[i].path, path) != NULL;
    return count;
}

/* The first of them. */
static struct sent *next(const char *method, const char *path)
{
    for (size_t i = 0; i < client.count; i++) {
        struct sent *sent = &client.sent[i];
        if (!sent->answered && strcmp(sent->method, method) == 0 && strstr(sent->path, path))
            return sent;
    }
    fail_msg("no %s %s waits for an answer", method, path);
    return NULL;
}

static void answer_later(struct sent *sent, int status, const char *body, unsigned retry_after)
{
    const https_reply reply = {.status = status,
                               .body = body,
                               .len = strlen(body),
                               .retry_after = retry_after,
                               .error = status ? NULL : "scripted: nobody there"};
    sent->answered = true;
    sent->done(sent->arg, &reply);
}

static void answer(struct sent *sent, int status, const char *body)
{
    answer_later(sent, status, body, 0);
}

/* ---- the instance ---- */

struct rig {
    gamesim_registry *registry;
    uint64_t now_ns;
    unsigned registered, lost, drained;
};

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

static int begin(void **state)
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

static int end(void **state)
{
    struct rig *rig = *state;
    registry_stop(rig->registry);
    registry_destroy(rig->registry);
    free(rig);
    return 0;
}

/* Time passes, in ticks of a thirtieth of a second. */
static void pass(struct rig *rig, double seconds)
{
    uint64_t until = rig->now_ns + (uint64_t)(seconds * 1e9);
    while (rig->now_ns < until) {
        rig->now_ns += SECOND_NS / 30;
        registry_tick(rig->registry, rig->now_ns);
    }
}

/* Registered with this token, and heard of once. */
static void enter(struct rig *rig)
{
    pass(rig, 0.1);
    answer(next("POST", "/gamesim-instances"), 201, TERMS("first"));
    pass(rig, 0.1);
    answer(next("PUT", "/heartbeat"), 200, BEATEN);
    assert_int_equal(rig->registered, 1);
}

static struct stream *open_session(struct rig *rig, uint8_t number)
{
    const uint8_t id[16] = {number};
    struct stream *stream = registry_open_stream(rig->registry, id);
    assert_non_null(stream);
    return stream;
}

static void report(struct stream *stream, uint32_t amount)
{
    const struct report_event event = {
        .type = REPORT_EXPERIENCE, .character = {1}, .amount = amount};
    stream_add(stream, &event);
}

static uint64_t acknowledged(const struct rig *rig)
{
    registry_status status;
    registry_status_get(rig->registry, &status);
    return status.reports_acknowledged;
}

/* ---- registering, and being heard of ---- */

static void a_registered_instance_is_heard_of_every_interval(void **state)
{
    struct rig *rig = *state;
    enter(rig);
    assert_string_equal(client.sent[0].bearer, "registering");
    assert_string_equal(client.sent[1].bearer, "first");
    pass(rig, 29.5);
    assert_int_equal(waiting("PUT", "/heartbeat"), 0);
    pass(rig, 1);
    assert_int_equal(waiting("PUT", "/" INSTANCE "/heartbeat"), 1);
    pass(rig, 60); /* one at a time, however long it takes */
    assert_int_equal(waiting("PUT", "/heartbeat"), 1);
}

static void a_change_is_told_within_a_second_and_many_of_them_together(void **state)
{
    struct rig *rig = *state;
    enter(rig);
    pass(rig, 5);
    size_t before = client.count;
    for (int i = 0; i < 30; i++) { /* one in each tick, for a second */
        registry_changed(rig->registry);
        pass(rig, 1.0 / 30);
        if (waiting("PUT", "/heartbeat") > 0)
            answer(next("PUT", "/heartbeat"), 200, BEATEN);
    }
    assert_in_range(client.count - before, 1, 2);
    pass(rig, 1);
    assert_in_range(client.count - before, 2, 3);
}

static void a_registration_that_is_refused_for_now_is_tried_again_when_it_was_told_to(void **state)
{
    struct rig *rig = *state;
    pass(rig, 0.1);
    answer_later(next("POST", "/gamesim-instances"), 503, "{}", 50);
    pass(rig, 49.5);
    assert_int_equal(waiting("POST", "/gamesim-instances"), 0);
    pass(rig, 1);
    assert_int_equal(waiting("POST", "/gamesim-instances"), 1);
}

static void a_service_that_is_away_is_asked_less_and_less_often(void **state)
{
    struct rig *rig = *state;
    for (int i = 0; i < 600; i++) {
        pass(rig, 1);
        if (waiting("POST", "/gamesim-instances") > 0)
            answer(next("POST", "/gamesim-instances"), 0, "");
    }
    assert_in_range(client.count, 20, 50); /* up to half a minute between two */
}

static void a_404_is_a_loss(void **state)
{
    struct rig *rig = *state;
    enter(rig);
    pass(rig, 31);
    answer(next("PUT", "/heartbeat"), 404, "{\"code\":\"INSTANCE_NOT_FOUND\"}");
    assert_int_equal(rig->lost, 1);
    pass(rig, 0.1);
    struct sent *again = next("POST", "/gamesim-instances");
    assert_string_equal(again->bearer, "registering");
    answer(again, 201, TERMS("second"));
    pass(rig, 0.1);
    assert_string_equal(next("PUT", "/heartbeat")->bearer, "second");
    assert_non_null(strstr(next("PUT", "/heartbeat")->body, "\"sequence\":1,"));
}

static void a_token_that_is_refused_three_times_is_a_loss(void **state)
{
    static const int answers[] = {401, 401, 200, 401, 401, 401};
    struct rig *rig = *state;
    enter(rig);
    for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
        assert_int_equal(rig->lost, 0);
        pass(rig, 31);
        answer(next("PUT", "/heartbeat"), answers[i], BEATEN);
    }
    assert_int_equal(rig->lost, 1);
    pass(rig, 0.1);
    assert_int_equal(waiting("POST", "/gamesim-instances"), 1);
}

static void a_heartbeat_that_fails_is_repeated_long_before_the_next_one_is_due(void **state)
{
    struct rig *rig = *state;
    enter(rig);
    pass(rig, 31);
    for (int i = 0; i < 8; i++) {
        answer(next("PUT", "/heartbeat"), 503, "{}");
        pass(rig, 10.1); /* a third of the interval */
        assert_int_equal(waiting("PUT", "/heartbeat"), 1);
    }
    assert_int_equal(rig->lost, 0);
}

static void a_renewed_token_is_used_from_then_on(void **state)
{
    struct rig *rig = *state;
    enter(rig);
    struct stream *stream = open_session(rig, 1);
    pass(rig, 31);
    answer(next("PUT", "/heartbeat"), 200,
           "{\"drain\":false,\"end\":[],\"kick\":[],\"instanceToken\":\"renewed\"}");
    report(stream, 1);
    pass(rig, 31);
    assert_string_equal(next("PUT", "/heartbeat")->bearer, "renewed");
    assert_string_equal(next("POST", "/updates")->bearer, "renewed");
}

/* ---- reports ---- */

static void what_happens_gathers_for_a_second_but_an_end_goes_at_once(void **state)
{
    struct rig *rig = *state;
    enter(rig);
    struct stream *stream = open_session(rig, 1);
    report(stream, 1);
    pass(rig, 0.9);
    assert_int_equal(waiting("POST", "/updates"), 0);
    pass(rig, 0.2);
    answer(next("POST", "/updates"), 200, "{\"applied\":1,\"rejected\":[]}");
    report(stream, 2);
    stream_close(stream, STREAM_VICTORY);
    pass(rig, 0.1);
    struct sent *last = next("POST", "/end");
    assert_non_null(strstr(last->body, "\"sequence\":2,"));
    assert_non_null(strstr(last->body, "\"outcome\":\"victory\""));
    answer(last, 200, "{\"applied\":1,\"rejected\":[]}");
    assert_int_equal(acknowledged(rig), 2);
    assert_true(registry_is_flushed(rig->registry));
}

static void a_batch_is_repeated_as_it_was_when_it_was_told_to(void **state)
{
    struct rig *rig = *state;
    char body[4096];
    enter(rig);
    struct stream *stream = open_session(rig, 1);
    report(stream, 1);
    pass(rig, 1.1);
    snprintf(body, sizeof(body), "%s", next("POST", "/updates")->body);
    answer_later(next("POST", "/updates"), 503, "{}", 40);
    report(stream, 7);
    pass(rig, 39.5);
    assert_int_equal(waiting("POST", "/updates"), 0);
    pass(rig, 1);
    assert_string_equal(next("POST", "/updates")->body, body);
}

static void what_hearthd_has_forgotten_goes_on_under_the_number_that_it_expects(void **state)
{
    struct rig *rig = *state;
    enter(rig);
    struct stream *stream = open_session(rig, 1);
    for (int i = 0; i < 2; i++) {
        report(stream, 1);
        pass(rig, 1.1);
        answer(next("POST", "/updates"), 200, "{\"applied\":1,\"rejected\":[]}");
    }
    report(stream, 5);
    pass(rig, 1.1);
    answer(next("POST", "/updates"), 409, "{\"code\":\"SEQUENCE_GAP\",\"expected\":2}");
    pass(rig, 1.1);
    assert_non_null(strstr(next("POST", "/updates")->body, "\"sequence\":2,"));
    assert_non_null(strstr(next("POST", "/updates")->body, "\"amount\":5"));
}

static void a_lost_instance_reports_in_its_old_name(void **state)
{
    struct rig *rig = *state;
    enter(rig);
    struct stream *stream = open_session(rig, 1);
    pass(rig, 31);
    answer(next("PUT", "/heartbeat"), 404, "{}");
    report(stream, 1);
    stream_close(stream, STREAM_RUNNING); /* hearthd has ended it */
    pass(rig, 0.1);
    answer(next("POST", "/gamesim-instances"), 201, TERMS("second"));
    pass(rig, 1.1);
    assert_string_equal(next("POST", "/updates")->bearer, "first");
    answer(next("POST", "/updates"), 200, "{\"applied\":1,\"rejected\":[]}");
    assert_true(registry_is_flushed(rig->registry));
}

static void reports_are_given_up_after_a_day(void **state)
{
    struct rig *rig = *state;
    registry_status status;
    enter(rig);
    struct stream *stream = open_session(rig, 1);
    report(stream, 1);
    stream_close(stream, STREAM_VICTORY);
    for (int hour = 0; hour <= 24; hour++) {
        assert_false(registry_is_flushed(rig->registry));
        rig->now_ns += 3600 * SECOND_NS;
        registry_tick(rig->registry, rig->now_ns);
        if (waiting("POST", "/end") > 0)
            answer(next("POST", "/end"), 401, "{}");
    }
    registry_status_get(rig->registry, &status);
    assert_true(registry_is_flushed(rig->registry));
    assert_int_equal(status.reports_failed, 1);
}

static void reports_leave_connections_for_heartbeats(void **state)
{
    struct rig *rig = *state;
    enter(rig);
    for (uint8_t i = 1; i <= 12; i++)
        report(open_session(rig, i), 1);
    pass(rig, 3);
    assert_in_range(waiting("POST", "/updates"), 1, HTTPS_CONNECTIONS_MAX - 1);
}

/* ---- draining ---- */

static void a_drained_instance_is_vacant_when_hearthd_says_so(void **state)
{
    struct rig *rig = *state;
    enter(rig);
    registry_drain(rig->registry);
    pass(rig, 1);
    assert_int_equal(waiting("GET", "/gamesim-instances"), 0); /* hearthd has not heard of it */
    assert_non_null(strstr(next("PUT", "/heartbeat")->body, "\"draining\""));
    answer(next("PUT", "/heartbeat"), 200, BEATEN);
    pass(rig, 0.1);
    answer(next("GET", "/gamesim-instances"), 200,
           "{\"instances\":[{\"id\":\"" INSTANCE "\",\"activeGameSims\":1}]}");
    assert_false(registry_is_vacant(rig->registry));
    pass(rig, 1.1);
    answer(next("GET", "/gamesim-instances"), 200,
           "{\"instances\":[{\"id\":\"" INSTANCE "\",\"activeGameSims\":0}]}");
    assert_true(registry_is_vacant(rig->registry));
}

static void a_hearthd_that_does_not_say_is_waited_for_as_long_as_tokens_live(void **state)
{
    struct rig *rig = *state;
    enter(rig);
    registry_drain(rig->registry);
    pass(rig, 1);
    answer(next("PUT", "/heartbeat"), 200, BEATEN);
    for (int second = 0; second < 39; second++) {
        pass(rig, 1);
        assert_false(registry_is_vacant(rig->registry));
        if (waiting("GET", "/gamesim-instances") > 0)
            answer(next("GET", "/gamesim-instances"), 503, "{}");
    }
    pass(rig, 2);
    assert_true(registry_is_vacant(rig->registry));
}

static void who_drains_does_not_register_any_more(void **state)
{
    struct rig *rig = *state;
    pass(rig, 0.1);
    registry_drain(rig->registry);
    answer(next("POST", "/gamesim-instances"), 0, "");
    pass(rig, 120);
    assert_int_equal(waiting("POST", "/gamesim-instances"), 0);
    assert_true(registry_is_vacant(rig->registry));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_registered_instance_is_heard_of_every_interval),
        TEST(a_change_is_told_within_a_second_and_many_of_them_together),
        TEST(a_registration_that_is_refused_for_now_is_tried_again_when_it_was_told_to),
        TEST(a_service_that_is_away_is_asked_less_and_less_often),
        TEST(a_404_is_a_loss),
        TEST(a_token_that_is_refused_three_times_is_a_loss),
        TEST(a_heartbeat_that_fails_is_repeated_long_before_the_next_one_is_due),
        TEST(a_renewed_token_is_used_from_then_on),
        TEST(what_happens_gathers_for_a_second_but_an_end_goes_at_once),
        TEST(a_batch_is_repeated_as_it_was_when_it_was_told_to),
        TEST(what_hearthd_has_forgotten_goes_on_under_the_number_that_it_expects),
        TEST(a_lost_instance_reports_in_its_old_name),
        TEST(reports_are_given_up_after_a_day),
        TEST(reports_leave_connections_for_heartbeats),
        TEST(a_drained_instance_is_vacant_when_hearthd_says_so),
        TEST(a_hearthd_that_does_not_say_is_waited_for_as_long_as_tokens_live),
        TEST(who_drains_does_not_register_any_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
