/*
 * offline.c - a host without listener, with the same lock on data_dir, for one job; and
 * host_command: a subcommand in the live hearthd, or, when none runs, in such a host.
 */
#include "host/offline.h"

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
    host_job job;
    hearth_error *error;
    hearth_status status;
} offline;

typedef struct command_job {
    const control_command *command;
    control_sink sink;
    void *arg;
    control_result *result;
    host_state *host;
    hearth_cmd *running;
} command_job;

static hearth_status on_started(host_state *host, void *arg, hearth_error *error)
{
    offline *o = arg;
    (void)error;
    o->status = o->job.start(host, o->job.arg, o->error);
    if (o->status != HEARTH_OK)
        lifecycle_stop(host, false);
    else
        o->status = HEARTH_EUNAVAILABLE; /* until it is over */
    return HEARTH_OK;
}

void host_offline_end(host_state *host)
{
    offline *o = HEARTH_CONTAINER_OF(host, offline, host);
    o->status = HEARTH_OK;
    lifecycle_stop(host, false);
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

static hearth_status lock_and_run(offline *o)
{
    host_state *host = &o->host;
    host->data_dir = datadir_open(&host->arena, host->config->settings->data_dir.ptr, o->error);
    if (!host->data_dir)
        return HEARTH_EUNAVAILABLE;
    int lock = datadir_lock(host->data_dir, o->error);
    if (lock < 0)
        return o->error->status == HEARTH_ECONFLICT ? HEARTH_ECONFLICT : HEARTH_EUNAVAILABLE;
    error_clear(o->error);
    hearth_status status = run_here(o);
    close(lock);
    return status;
}

static offline *prepare(const host_options *options, const host_job *job, hearth_error *error,
                        hearth_status *status)
{
    offline *o = calloc(1, sizeof(*o));
    *status = HEARTH_ENOMEM;
    error_clear(error);
    if (!o) {
        (void)error_set(error, HEARTH_ENOMEM, "out of memory");
        return NULL;
    }
    o->job = *job;
    o->error = error;
    *status = host_init(&o->host, options, complain, error);
    if (*status != HEARTH_OK) {
        free(o);
        return NULL;
    }
    o->host.loop_count = options->offline_loops > 0 ? options->offline_loops : 1;
    reload_log_level(o->host.config->settings);
    return o;
}

hearth_status host_offline(const host_options *options, const host_job *job, hearth_error *error)
{
    hearth_status status;
    offline *o = prepare(options, job, error, &status);
    if (!o)
        return status;
    status = lock_and_run(o);
    host_finish(&o->host);
    free(o);
    return status;
}

/* ---- a subcommand ---------------------------------------------------------------------------- */

static void on_print(void *arg, int stream, hearth_str text)
{
    command_job *job = arg;
    job->sink(job->arg, stream, text);
}

static void on_done(void *arg, control_result result)
{
    command_job *job = arg;
    *job->result = result;
    host_offline_end(job->host);
}

static hearth_status start_command(host_state *host, void *arg, hearth_error *error)
{
    command_job *job = arg;
    job->host = host;
    return command_start(host, job->command,
                         (command_waiter){.print = on_print, .done = on_done, .arg = job},
                         &job->running, error);
}

hearth_status host_command(const host_options *options, const control_command *command,
                           control_sink sink, void *arg, control_result *result,
                           hearth_error *error)
{
    command_job run = {.command = command, .sink = sink, .arg = arg, .result = result};
    host_job job = {start_command, &run};
    hearth_status status;
    offline *o = prepare(options, &job, error, &status);
    if (!o)
        return status;
    const char *live = datadir_resolve(&o->host.arena, o->host.config->settings->data_dir.ptr);
    status = live ? control_run(live, command, sink, arg, result, error) : HEARTH_ENOTFOUND;
    if (status == HEARTH_ENOTFOUND)
        status = lock_and_run(o);
    host_finish(&o->host);
    free(o);
    return status;
}
