/*
 * main.c - hearth-gamesim: options, signals, the order of start and stop; nothing else.
 * Exit status: 0 clean, 1 failure, 2 unusable options.
 */
#include "base/log.h"
#include "host/host.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>

struct program {
    gamesim_host *host;
    uv_signal_t signals[2];
};

static void on_signal(uv_signal_t *handle, int number)
{
    struct program *program = handle->data;
    log_info("gamesim", "stopping on signal %d", number);
    host_stop(program->host);
    for (int i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&program->signals[i], NULL);
}

static void watch_signals(struct program *program, uv_loop_t *loop)
{
    static const int numbers[2] = {SIGTERM, SIGINT};
    for (int i = 0; i < 2; i++) {
        uv_signal_init(loop, &program->signals[i]);
        program->signals[i].data = program;
        uv_signal_start(&program->signals[i], on_signal, numbers[i]);
    }
}

static int run(const struct options *options, const struct dungeon *dungeon)
{
    struct program program = {0};
    uv_loop_t loop;
    char error[256], text[NETCODE_ADDRESS_TEXT];
    if (uv_loop_init(&loop) != 0)
        return 1;
    if (host_create(&program.host, &loop, options, dungeon, error) != HEARTH_OK) {
        fprintf(stderr, "hearth-gamesim: %s\n", error);
        uv_run(&loop, UV_RUN_DEFAULT);
        uv_loop_close(&loop);
        return 1;
    }
    watch_signals(&program, &loop);
    netcode_address address = host_address(program.host);
    printf("hearth-gamesim: ready on udp %s\n", netcode_address_format(&address, text));
    fflush(stdout);
    uv_run(&loop, UV_RUN_DEFAULT);
    host_destroy(program.host);
    uv_loop_close(&loop);
    log_flush();
    return 0;
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
