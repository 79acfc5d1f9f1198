/*
 * main.c - hearth-gamesim: options, signals, the order of start and stop; nothing else.
 * Exit status: 0 clean, 1 failure, 2 unusable options.
 */
#include "base/descriptors.h"
#include "base/log.h"
#include "host/ec2.h"
#include "host/host.h"
#include "status/status.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct program {
    hearth_loop loop;
    gamesim_host *host;
    gamesim_http *http;
    uv_signal_t signals[2];
    bool draining, stopping;
    char http_address[ADDRESS_TEXT_SIZE];
    bool announced;
    int status;
};

static void on_stopped(void *arg)
{
    loop_stop(&((struct program *)arg)->loop);
}

static void stop(struct program *program)
{
    if (program->stopping)
        return;
    program->stopping = true;
    host_stop(program->host);
    if (program->http)
        status_stop(program->http, on_stopped, program);
    else
        on_stopped(program);
}

/* The second signal does not wait for sessions any more. */
static void on_signal(uv_signal_t *handle, int number)
{
    struct program *program = handle->data;
    loop_wake(&program->loop);
    if (program->stopping)
        return;
    log_info("gamesim", "stopping on signal %d", number);
    if (!host_drain(program->host, program->draining))
        stop(program);
    program->draining = true;
}

static void watch_signals(struct program *program)
{
    static const int numbers[2] = {SIGTERM, SIGINT};
    for (int i = 0; i < 2; i++) {
        uv_signal_init(&program->loop.uv, &program->signals[i]);
        program->signals[i].data = program;
        uv_signal_start(&program->signals[i], on_signal, numbers[i]);
    }
}

static hearth_status start_http(struct program *program, const struct options *options)
{
    hearth_error error;
    hearth_address bound;
    hearth_status status = status_create(&program->http, &program->loop, program->host,
                                         options->metrics, &bound, &error);
    if (status != HEARTH_OK)
        fprintf(stderr, "hearth-gamesim: --metrics: %s\n", error.text);
    else
        address_format(&bound, program->http_address);
    return status;
}

static void announce(void *arg)
{
    struct program *program = arg;
    char udp[NETCODE_ADDRESS_TEXT];
    netcode_address address = host_address(program->host);
    if (program->announced)
        return;
    program->announced = true;
    netcode_address_format(&address, udp);
    if (program->http)
        printf("hearth-gamesim: ready on udp %s, http %s\n", udp, program->http_address);
    else
        printf("hearth-gamesim: ready on udp %s\n", udp);
    fflush(stdout);
}

static void on_refused(void *arg, const char *why)
{
    struct program *program = arg;
    fprintf(stderr, "hearth-gamesim: hearthd does not take this instance: %s\n", why);
    program->status = 1;
    stop(program);
}

static void on_finished(void *arg, bool clean)
{
    struct program *program = arg;
    program->status = clean ? 0 : 1;
    stop(program);
}

static int serve(struct program *program, const struct options *options)
{
    hearth_status status = options->metrics[0] ? start_http(program, options) : HEARTH_OK;
    if (status != HEARTH_OK) {
        host_stop(program->host);
        return status == HEARTH_EINVAL ? 2 : 1;
    }
    watch_signals(program);
    if (options->standalone) {
        if (options->public_count == 0 && netcode_address_is_any(&options->listen))
            log_warn("gamesim",
                     "--listen is a wildcard and there is no --public: only tokens that name "
                     "this very address are accepted");
        announce(program);
    }
    loop_run(&program->loop);
    for (int i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&program->signals[i], NULL);
    status_destroy(program->http);
    return program->status;
}

static int run(const struct options *options, const struct dungeon *dungeon)
{
    static struct program program;
    hearth_error error;
    char text[256];
    int status = 1;
    if (loop_init(&program.loop, 0, 1, &error) != HEARTH_OK) {
        fprintf(stderr, "hearth-gamesim: %s\n", error.text);
        return status;
    }
    const struct host_events events = {announce, on_refused, on_finished, &program};
    if (host_create(&program.host, &program.loop.uv, options, dungeon, &events, text) == HEARTH_OK)
        status = serve(&program, options);
    else
        fprintf(stderr, "hearth-gamesim: %s\n", text);
    loop_finish(&program.loop);
    host_destroy(program.host);
    log_flush();
    return status;
}

static bool prepare_data_dir(const char *dir, char error[512])
{
    if (!*dir || ((mkdir(dir, 0700) == 0 || errno == EEXIST) && access(dir, W_OK | X_OK) == 0))
        return true;
    snprintf(error, 512, "--data-dir %.300s: %s", dir, strerror(errno));
    return false;
}

static bool ask_ec2(struct options *options, char error[512])
{
    return options->ec2_at < 0 || ec2_public_address(&options->public_addresses[options->ec2_at],
                                                     options->listen.port, error) == HEARTH_OK;
}

int main(int argc, char **argv)
{
    static struct dungeon dungeon;
    static struct options options;
    char error[512];
    descriptors_fill_standard();
    signal(SIGPIPE, SIG_IGN);
    if (sodium_init() < 0) {
        fprintf(stderr, "hearth-gamesim: libsodium cannot start\n");
        return 1;
    }
    if (options_parse(&options, argc, argv, error) != HEARTH_OK) {
        fprintf(stderr, "hearth-gamesim: %s\n", error);
        return 2;
    }
    if (options.help) {
        fputs(options_usage, stdout);
        return 0;
    }
    if (dungeon_load(&dungeon, options.gamedata, error) != HEARTH_OK) {
        fprintf(stderr, "hearth-gamesim: %s\n", error);
        return 2;
    }
    if (!prepare_data_dir(options.data_dir, error) || !ask_ec2(&options, error)) {
        fprintf(stderr, "hearth-gamesim: %s\n", error);
        return 1;
    }
    int status = run(&options, &dungeon);
    sodium_memzero(&options, sizeof(options));
    return status;
}
