/*
 * rules_test.c - a plugin that breaks a rule of the SDK ends the test with a sentence that says
 * which. Each offence happens in a child of this process.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <hearth/testing.h>

#include "sample.h"

static hearth_test_host *started(uint32_t loops)
{
    hearth_test_host *host = hearth_test_create(&(hearth_test_options){.loops = loops});
    if (hearth_test_add(host, &hearth_plugin_main) != HEARTH_OK ||
        hearth_test_start(host) != HEARTH_OK)
        abort();
    return host;
}

/* Runs offend() in a child, which has to abort after writing `sentence`. */
static void assert_ends_with(void (*offend)(void), const char *sentence)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(fds[1], STDERR_FILENO);
        offend();
        _exit(0);
    }
    close(fds[1]);
    char text[4096] = "";
    size_t len = 0;
    ssize_t got;
    while (len < sizeof(text) - 1 && (got = read(fds[0], text + len, sizeof(text) - 1 - len)) > 0)
        len += (size_t)got;
    close(fds[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!strstr(text, sentence))
        fail_msg("expected \"%s\", found \"%s\"", sentence, text);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void request(const char *path)
{
    (void)hearth_test_request(started(1), "GET", path, NULL, NULL);
}

static void complete_twice(void)
{
    request("/twice");
}

static void defer_without_taking(void)
{
    request("/not-taken");
}

static void answer_what_is_no_status(void)
{
    request("/no-status");
}

static void take_and_answer_ok(void)
{
    request("/taken-but-ok");
}

static void use_another_loops_ctx(void)
{
    hearth_test_host *host = started(2);
    hearth_ctx *other = hearth_test_ctx(host, "sample", 1);
    (void)hearth_clock_get(hearth_test_own_ctx(host, 0))->loop_ms(other);
}

static void shrink_a_counter(void)
{
    hearth_test_host *host = started(1);
    hearth_ctx *ctx = hearth_test_ctx(host, "sample", 0);
    const hearth_metrics *metrics = hearth_metrics_get(ctx);
    metrics->add(metrics->series(ctx, 0, (const hearth_str[]){HEARTH_STR("x")}, 1), -1);
}

static void drain_without_being_asked(void)
{
    hearth_test_host *host = started(1);
    hearth_ctx *ctx = hearth_test_ctx(host, "sample", 0);
    ctx->host->drained(ctx);
}

static void broken_rules_are_named(void **unused)
{
    (void)unused;
    assert_ends_with(complete_twice, "a second complete of one request");
    assert_ends_with(defer_without_taking, "answered HEARTH_DEFERRED without");
    assert_ends_with(answer_what_is_no_status, "answered 42, which is no hearth_status");
    assert_ends_with(take_and_answer_ok, "did not answer HEARTH_DEFERRED");
    assert_ends_with(use_another_loops_ctx, "its ctx of loop 1 while running on loop 0");
    assert_ends_with(shrink_a_counter, "of another kind, or the value is not allowed");
    assert_ends_with(drain_without_being_asked, "is not draining");
}

static void what_is_not_declared_is_not_given(void **unused)
{
    (void)unused;
    hearth_test_host *host = started(1);
    hearth_test_call *call = hearth_test_request(host, "GET", "/undeclared", NULL, NULL);
    assert_int_equal(hearth_test_status(call), 200);
    hearth_test_destroy(host);
}

static void a_request_that_is_never_completed_fails_the_stop(void **unused)
{
    (void)unused;
    hearth_test_host *host = started(1);
    (void)hearth_test_request(host, "GET", "/never", NULL, NULL);
    assert_int_equal(hearth_test_stop(host), HEARTH_EINTERNAL);
    assert_string_equal(hearth_test_error(host), "1 requests were taken over and never completed");
    hearth_test_destroy(host);
}

static void ready(hearth_ctx *ctx, int fd, uint32_t events, void *arg)
{
    (void)ctx;
    (void)fd;
    (void)events;
    (void)arg;
}

static void what_is_left_behind_fails_the_stop(void **unused)
{
    (void)unused;
    hearth_test_host *host = hearth_test_create(NULL);
    assert_int_equal(hearth_test_start(host), HEARTH_OK);
    hearth_ctx *own = hearth_test_own_ctx(host, 0);
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_non_null(hearth_poll_get(own)->start(own, fds[0], HEARTH_POLL_READ, ready, NULL));
    assert_int_equal(hearth_test_stop(host), HEARTH_EINTERNAL);
    assert_non_null(strstr(hearth_test_error(host), "left a watch"));
    hearth_test_destroy(host);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_rules_are_named),
        cmocka_unit_test(what_is_not_declared_is_not_given),
        cmocka_unit_test(a_request_that_is_never_completed_fails_the_stop),
        cmocka_unit_test(what_is_left_behind_fails_the_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
