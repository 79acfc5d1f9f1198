/*
 * host_test.c - the fake host itself: configuration, services, clock, descriptors, commands.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <hearth/testing.h>

#include "sample.h"

static hearth_test_host *made(void)
{
    hearth_test_host *host = hearth_test_create(NULL);
    assert_int_equal(hearth_test_add(host, &hearth_plugin_main), HEARTH_OK);
    return host;
}

static void configuration_is_defaults_and_overrides(void **unused)
{
    (void)unused;
    hearth_test_host *host = made();
    assert_int_equal(hearth_test_set(host, "sample", "mode=open"), HEARTH_OK);
    assert_int_equal(hearth_test_set(host, "sample", "names=a,bc"), HEARTH_OK);
    assert_int_equal(hearth_test_start(host), HEARTH_OK);
    const struct sample_conf *conf = hearth_test_ctx(host, "sample", 0)->conf;
    assert_string_equal(conf->greeting.ptr, "hello");
    assert_int_equal(conf->wait, 15 * 60 * 1000);
    assert_int_equal(conf->size, 65536);
    assert_int_equal(conf->mode, 1);
    assert_int_equal(conf->names.count, 2);
    assert_string_equal(conf->names.items[1].ptr, "bc");
    assert_int_equal(hearth_test_reload(host, "sample", "limit=13"), HEARTH_EINVAL);
    assert_string_equal(hearth_test_error(host), "limit must not be 13");
    assert_int_equal(hearth_test_reload(host, "sample", "mode=closed"), HEARTH_EINVAL);
    assert_int_equal(hearth_test_reload(host, "sample", "greeting=bye"), HEARTH_OK);
    conf = hearth_test_ctx(host, "sample", 0)->conf;
    assert_string_equal(conf->greeting.ptr, "bye");
    assert_int_equal(conf->limit, 10);
    hearth_test_destroy(host);
}

static void bad_configuration_does_not_start(void **unused)
{
    (void)unused;
    static const char *const bad[] = {"limit=0",    "limit=x", "mode=ajar",
                                      "nonsense=1", "wait=3y", "limit=13"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        hearth_test_host *host = made();
        assert_int_equal(hearth_test_set(host, "sample", bad[i]), HEARTH_OK);
        assert_int_equal(hearth_test_start(host), HEARTH_EINVAL);
        assert_string_not_equal(hearth_test_error(host), "");
        hearth_test_destroy(host);
    }
}

static void time_stands_still_until_it_is_moved(void **unused)
{
    (void)unused;
    hearth_test_host *host = made();
    assert_int_equal(hearth_test_start(host), HEARTH_OK);
    hearth_ctx *own = hearth_test_own_ctx(host, 0);
    const hearth_clock *clock = hearth_clock_get(own);
    char text[HEARTH_RFC3339_SIZE];
    clock->rfc3339(clock->wall_ms(own), text);
    assert_string_equal(text, "2026-01-01T00:00:00Z");
    struct sample_state *state = hearth_test_ctx(host, "sample", 0)->state;
    hearth_test_advance(host, 3500);
    assert_int_equal(state->beats, 3);
    assert_int_equal(hearth_test_timers(host), 1);
    clock->rfc3339(clock->wall_ms(own), text);
    assert_string_equal(text, "2026-01-01T00:00:03Z");
    hearth_test_set_wall(host, 0);
    clock->rfc3339(clock->wall_ms(own), text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    hearth_test_destroy(host);
}

static void ready(hearth_ctx *ctx, int fd, uint32_t events, void *arg)
{
    (void)ctx;
    char byte;
    if (events & HEARTH_POLL_READ && read(fd, &byte, 1) == 1)
        *(int *)arg += byte;
}

static void real_descriptors_are_watched(void **unused)
{
    (void)unused;
    hearth_test_host *host = made();
    assert_int_equal(hearth_test_start(host), HEARTH_OK);
    hearth_ctx *own = hearth_test_own_ctx(host, 0);
    const hearth_poll_api *poll = hearth_poll_get(own);
    int fds[2], sum = 0;
    assert_int_equal(pipe(fds), 0);
    assert_null(poll->start(own, -1, HEARTH_POLL_READ, ready, &sum));
    hearth_poll *watch = poll->start(own, fds[0], HEARTH_POLL_READ, ready, &sum);
    assert_non_null(watch);
    assert_null(poll->start(own, fds[0], HEARTH_POLL_READ, ready, &sum));
    assert_int_equal(hearth_test_wait(host, &sum, 10), 0);
    assert_int_equal(write(fds[1], "\1\2", 2), 2);
    hearth_test_pump(host);
    assert_int_equal(sum, 3);
    poll->stop(watch);
    assert_int_equal(write(fds[1], "\4", 1), 1);
    hearth_test_pump(host);
    assert_int_equal(sum, 3);
    close(fds[0]);
    close(fds[1]);
    hearth_test_destroy(host);
}

static void a_command_prints_and_ends(void **unused)
{
    (void)unused;
    hearth_test_host *host = made();
    assert_int_equal(hearth_test_start(host), HEARTH_OK);
    hearth_test_output output = hearth_test_command(host, "sample greet --how=softly ann", "in", 0);
    assert_int_equal(output.status, HEARTH_OK);
    assert_string_equal(output.out, "ann softly in\n");
    output = hearth_test_command(host, "sample greet --how softly -- --ann", "", 0);
    assert_string_equal(output.out, "--ann softly \n");
    output = hearth_test_command(host, "sample greet --shout ann", NULL, 0);
    assert_int_equal(output.status, HEARTH_EINVAL);
    output = hearth_test_command(host, "sample greet", NULL, 0);
    assert_int_equal(output.status, HEARTH_EINVAL);
    assert_string_equal(output.err, "a name is needed\n");
    hearth_test_destroy(host);
}

struct fake_service {
    uint32_t struct_size, reserved;
    int (*get)(hearth_ctx *ctx);
};

static int service_get(hearth_ctx *ctx)
{
    return *(int *)ctx->shared + (int)ctx->loop;
}

static void a_scripted_service_gets_its_own_context(void **unused)
{
    (void)unused;
    static const struct fake_service table = {sizeof(table), 0, service_get};
    hearth_test_host *host = hearth_test_create(&(hearth_test_options){.loops = 2});
    int base = 40;
    assert_int_equal(hearth_test_provide(host, "test.thing/1", &table, &base), HEARTH_OK);
    assert_int_equal(hearth_test_start(host), HEARTH_OK);
    hearth_ctx *provider = NULL;
    const struct fake_service *service = hearth_test_service(host, "test.thing/1", 1, &provider);
    assert_int_equal(service->get(provider), 41);
    hearth_ctx *own = hearth_test_own_ctx(host, 0);
    assert_ptr_equal(own->host->get(own, "test.thing/1", sizeof(table)), &table);
    assert_null(own->host->get(own, "test.thing/1", sizeof(table) + 1));
    assert_int_equal(service->get(own->host->provider(own, "test.thing/1")), 40);
    hearth_test_destroy(host);
}

static void randomness_is_seeded_or_scripted(void **unused)
{
    (void)unused;
    uint32_t first[2];
    for (int i = 0; i < 2; i++) {
        hearth_test_host *host = hearth_test_create(&(hearth_test_options){.seed = 7});
        hearth_ctx *own = hearth_test_own_ctx(host, 0);
        const hearth_random *random = hearth_random_get(own);
        first[i] = random->below(own, 1000000);
        hearth_test_roll(host, (const uint32_t[]){5, 3}, 2);
        assert_int_equal(random->below(own, 6), 5);
        assert_int_equal(random->below(own, 6), 3);
        char uuid[HEARTH_UUID_SIZE];
        random->uuid(own, uuid);
        assert_int_equal(uuid[14], '4');
        hearth_test_destroy(host);
    }
    assert_int_equal(first[0], first[1]);
}

static void health_is_the_worst_of_all_loops(void **unused)
{
    (void)unused;
    hearth_test_host *host = hearth_test_create(&(hearth_test_options){.loops = 2});
    assert_int_equal(hearth_test_add(host, &hearth_plugin_main), HEARTH_OK);
    assert_int_equal(hearth_test_start(host), HEARTH_OK);
    hearth_ctx *a = hearth_test_ctx(host, "sample", 0), *b = hearth_test_ctx(host, "sample", 1);
    const char *reason;
    assert_int_equal(hearth_test_health(host, "sample", "db", &reason), HEARTH_HEALTHY);
    a->host->health(a, "db", HEARTH_DEGRADED, "slow");
    b->host->health(b, "db", HEARTH_NOT_READY, "gone");
    assert_int_equal(hearth_test_health(host, "sample", "db", &reason), HEARTH_NOT_READY);
    assert_string_equal(reason, "gone");
    b->host->health(b, "db", HEARTH_HEALTHY, "");
    assert_int_equal(hearth_test_health(host, "sample", "db", &reason), HEARTH_DEGRADED);
    hearth_test_destroy(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configuration_is_defaults_and_overrides),
        cmocka_unit_test(bad_configuration_does_not_start),
        cmocka_unit_test(time_stands_still_until_it_is_moved),
        cmocka_unit_test(real_descriptors_are_watched),
        cmocka_unit_test(a_command_prints_and_ends),
        cmocka_unit_test(a_scripted_service_gets_its_own_context),
        cmocka_unit_test(randomness_is_seeded_or_scripted),
        cmocka_unit_test(health_is_the_worst_of_all_loops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
