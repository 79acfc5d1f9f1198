/*
 * offline.c - host_command: a subcommand in the live hearthd, or, when none runs, in a host made
 * for it: the services on one loop, no listener, the same lock on data_dir.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/boot.h"
#include "host/command.h"
#include "host/datadir.h"
#include "host/lifecycle.h"
#include "host/reload.h"

typedef struct offline {
    host_state host;
    host_lifecycle life;
    const control_command *command;
    control_sink sink;
    void *arg;
    control_result *result;
    hearth_error *error;
    hearth_status status;
    hearth_cmd *running;
} offline;

static void on_print(void *arg, int stream, hearth_str text)
{
    offline *o = arg;
    o->sink(o->arg, stream, text);
}

static void on_done(void *arg, control_result result)
{
    offline *o = arg;
    *o->result = result;
    o->status = HEARTH_OK;
    lifecycle_stop(&o->host, false);
}

static hearth_status on_started(host_state *host, void *arg, hearth_error *error)
{
    offline *o = arg;
    (void)error;
    o->status = command_start(host, o->command,
                              (command_waiter){.print = on_print, .done = on_done, .arg = o},
                              &o->running, o->error);
    if (o->status != HEARTH_OK)
        lifecycle_stop(host, false);
    else
        o->status = HEARTH_EUNAVAILABLE; /* until it is over */
    return HEARTH_OK;
}

/* The first thing that is wrong is what the tool says. */
static void complain(void *arg, const char *line)
{
    hearth_error *error = arg;
    if (error->text[0] == '\0')
        (void)error_set(error, HEARTH_EINVAL, "%s", line);
}

static hearth_status run_here(offline *o)
{
    hearth_status status = host_make_loops(&o->host, false, o->error);
    if (status != HEARTH_OK)
        return status;
    o->life = (host_lifecycle){.host = &o->host, .on_started = on_started, .arg = o};
    o->status = HEARTH_EUNAVAILABLE;
    (void)error_set(o->error, HEARTH_EUNAVAILABLE,
                    "the services could not start: the log says why");
    (void)lifecycle_run(&o->life);
    if (o->life.forsaken) { /* a thread still runs in what would be freed */
        log_flush();
        _exit(1);
    }
    return o->status;
}

static hearth_status find_and_run(offline *o)
{
    host_state *host = &o->host;
    const char *path = host->config->settings->data_dir.ptr;
    const char *live = datadir_resolve(&host->arena, path);
    hearth_status status = HEARTH_ENOTFOUND;
    if (live)
        status = control_run(live, o->command, o->sink, o->arg, o->result, o->error);
    if (status != HEARTH_ENOTFOUND)
        return status;
    host->data_dir = datadir_open(&host->arena, path, o->error);
    int lock = host->data_dir ? datadir_lock(host->data_dir, o->error) : -1;
    if (lock < 0)
        return HEARTH_EUNAVAILABLE;
    error_clear(o->error);
    status = run_here(o);
    close(lock);
    return status;
}

hearth_status host_command(const host_options *options, const control_command *command,
                           control_sink sink, void *arg, control_result *result,
                           hearth_error *error)
{
    offline *o = calloc(1, sizeof(*o));
    if (!o)
        return error_set(error, HEARTH_ENOMEM, "out of memory");
    o->command = command;
    o->sink = sink;
    o->arg = arg;
    o->result = result;
    o->error = error;
    error_clear(error);
    hearth_status status = host_init(&o->host, options, complain, error);
    if (status == HEARTH_OK) {
        reload_log_level(o->host.config->settings);
        status = find_and_run(o);
        host_finish(&o->host);
    }
    free(o);
    return status;
}
