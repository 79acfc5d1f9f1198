/*
 * main.c - hearth-gamesim: options, signals, the order of start and stop; nothing else.
 * Exit status: 0 clean, 1 failure, 2 unusable options.
 */
#include "base/log.h"
#include "host/host.h"
#include "status/status.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>

struct program {
    hearth_loop loop;
    gamesim_host *host;
    gamesim_http *http;
    uv_signal_t signals[2];
    bool stopping;
};

static void on_stopped(void *arg)
{
    loop_stop(&((struct program *)arg)->loop);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct program *program = handle->data;
    loop_wake(&program->loop);
    if (program->stopping)
        return;
    program->stopping = true;
    log_info("gamesim", "stopping on signal %d", number);
    host_stop(program->host);
    if (program->http)
        status_stop(program->http, on_stopped, program);
    else
        on_stopped(program);
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

static hearth_status start_http(struct program *program, const struct options *options,
                                char text[ADDRESS_TEXT_SIZE])
{
    hearth_error error;
    hearth_address bound;
    hearth_status status = status_create(&program->http, &program->loop, program->host,
                                         options->metrics, &bound, &error);
    if (status != HEARTH_OK)
        fprintf(stderr, "hearth-gamesim: --metrics: %s\n", error.text);
    else
        address_format(&bound, text);
    return status;
}

static int serve(struct program *program, const struct options *options)
{
    char udp[NETCODE_ADDRESS_TEXT], http[ADDRESS_TEXT_SIZE] = "";
    hearth_status status = options->metrics[0] ? start_http(program, options, http) : HEARTH_OK;
    if (status != HEARTH_OK) {
        host_stop(program->host);
        return status == HEARTH_EINVAL ? 2 : 1;
    }
    watch_signals(program);
    netcode_address address = host_address(program->host);
    if (!options->has_public && netcode_address_is_any(&address))
        log_warn("gamesim",
                 "--listen is a wildcard and there is no --public: only tokens that name "
                 "this very address are accepted");
    if (options->metrics[0])
        printf("hearth-gamesim: ready on udp %s, http %s\n", netcode_address_format(&address, udp),
               http);
    else
        printf("hearth-gamesim: ready on udp %s\n", netcode_address_format(&address, udp));
    fflush(stdout);
    loop_run(&program->loop);
    for (int i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&program->signals[i], NULL);
    status_destroy(program->http);
    return 0;
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
    if (host_create(&program.host, &program.loop.uv, options, dungeon, text) == HEARTH_OK)
        status = serve(&program, options);
    else
        fprintf(stderr, "hearth-gamesim: %s\n", text);
    loop_finish(&program.loop);
    host_destroy(program.host);
    log_flush();
    return status;
}

int main(int argc, char **argv)
{
    static struct dungeon dungeon;
    struct options options;
    char error[512];
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
    int status = run(&options, &dungeon);
    sodium_memzero(options.key, sizeof(options.key));
    return status;
}
