/*
 * storage.c - `hearth storage copy FROM TO`: a host that holds the data directory and has both
 * providers loaded, and nothing else of the game; the copy runs beside it on a thread.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "copy.h"
#include "host/offline.h"
#include "plugin/manifest.h"
#include "tool.h"

typedef struct job {
    const tool *t;
    copy copy;
    host_state *host;
    hearth_letter over;
    pthread_t thread;
    bool running, good;
} job;

static void on_over(hearth_loop *loop, hearth_letter *letter)
{
    job *j = HEARTH_CONTAINER_OF(letter, job, over);
    (void)loop;
    host_offline_end(j->host);
}

static void *run_copy(void *arg)
{
    job *j = arg;
    j->good = copy_run(&j->copy);
    j->over.fn = on_over;
    if (loop_send(&j->host->main, &j->over) < 0)
        exit(j->good ? TOOL_OK : TOOL_FAILED);
    return NULL;
}

/* What only the journal has is not in FROM, and TO would never get it. */
static hearth_status check_journal(job *j, hearth_error *error)
{
    tool_journal journal;
    hearth_status status = tool_journal_read(j->host->data_dir, &journal, error);
    if (status == HEARTH_OK)
        memcpy(j->copy.directory, journal.directory, sizeof(j->copy.directory));
    if (status != HEARTH_OK || journal.rows == 0)
        return status;
    return error_set(error, HEARTH_ECONFLICT,
                     "%s/journal.db still holds %llu changes for %s, %llu of them dead letters: "
                     "start hearthd as it was, wait until it is ready and stop it with SIGTERM, "
                     "which flushes them; `hearth dlq list` shows what stays, to be retried or "
                     "discarded",
                     j->host->data_dir, (unsigned long long)journal.rows, journal.storage,
                     (unsigned long long)journal.dead);
}

static hearth_status start(host_state *host, void *arg, hearth_error *error)
{
    job *j = arg;
    j->host = host;
    hearth_status status = check_journal(j, error);
    if (status == HEARTH_OK)
        status = store_find(&j->copy.from, host, j->t->args[0], error);
    if (status == HEARTH_OK)
        status = store_find(&j->copy.to, host, j->t->args[1], error);
    if (status == HEARTH_OK && strcmp(j->copy.from.identity, j->copy.to.identity) == 0)
        status = error_set(error, HEARTH_EINVAL, "%s and %s are the same store, %s", j->t->args[0],
                           j->t->args[1], j->copy.from.identity);
    if (status != HEARTH_OK)
        return status;
    printf("copying %s to %s\n", j->copy.from.identity, j->copy.to.identity);
    fflush(stdout);
    if (pthread_create(&j->thread, NULL, run_copy, j) != 0)
        return error_set(error, HEARTH_ENOMEM, "cannot start a thread");
    j->running = true;
    return HEARTH_OK;
}

/* Every enabled plugin is left out but these two: nothing else may write, or need a service. */
static int with_both(const tool *t, host_options *options, const char **lists, size_t max)
{
    host_config *config = config_read(t->options);
    size_t count = 0;
    if (!config)
        return tool_fail(TOOL_FAILED, "out of memory");
    int status = TOOL_OK;
    if (config->errors.count > 0 || !config->settings)
        status = tool_fail(TOOL_USAGE, "%s",
                           config->errors.count > 0 ? config->errors.lines[0] : "no settings");
    for (size_t i = 0; status == TOOL_OK && i < config->plugin_count && count < max; i++) {
        if (strcmp(config->plugins[i].id, t->args[0]) == 0 ||
            strcmp(config->plugins[i].id, t->args[1]) == 0)
            continue;
        lists[count] = strdup(config->plugins[i].id);
        if (!lists[count++])
            status = tool_fail(TOOL_FAILED, "out of memory");
    }
    config_destroy(config);
    options->without = lists;
    options->without_count = count;
    options->with = t->args;
    options->with_count = 2;
    return status;
}

static int run(job *j, const host_options *options)
{
    hearth_error error;
    host_job work = {start, j};
    hearth_status status = host_offline(options, &work, &error);
    if (j->running)
        pthread_join(j->thread, NULL);
    if (status == HEARTH_ECONFLICT && !j->host)
        return tool_fail(TOOL_FAILED, "a hearthd runs on this data directory: stop it first (%s)",
                         error.text);
    if (status != HEARTH_OK)
        return tool_fail_with(status, &error);
    return j->good ? TOOL_OK : TOOL_FAILED;
}

int tool_storage_copy(const tool *t)
{
    const char *without[PLUGIN_MAX], *overrides[HOST_MAX_OVERRIDES + 3];
    char services[160];
    host_options options = *t->options;
    job j = {.t = t, .copy = {.overwrite = t->overwrite}};
    j.copy.from.patience_ms = j.copy.to.patience_ms = t->timeout_ms;

    for (size_t i = 0; i < 2; i++) {
        if (!manifest_id_is_valid(t->args[i]))
            return tool_fail(TOOL_USAGE, "%s: expected a plugin's id of [a-z0-9.-]", t->args[i]);
    }
    if (strcmp(t->args[0], t->args[1]) == 0)
        return tool_fail(TOOL_USAGE, "%s is both FROM and TO: expected two", t->args[0]);
    /* Both are loaded; the choice only says whom a user of storage would get, and none is there. */
    snprintf(services, sizeof(services), "services={storage: %s}", t->args[0]);
    overrides[0] = "log_level=warn";
    memcpy(overrides + 1, t->options->overrides, t->options->override_count * sizeof(*overrides));
    options.override_count = t->options->override_count + 1;
    overrides[options.override_count++] = services;
    overrides[options.override_count++] = "drain_delay=0s";
    options.overrides = overrides;
    int status = with_both(t, &options, without, PLUGIN_MAX);
    if (status == TOOL_OK)
        status = run(&j, &options);
    for (size_t i = 0; i < options.without_count; i++)
        free((char *)(uintptr_t)without[i]);
    return status;
}
