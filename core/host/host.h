/*
 * host.h - the host as a library: what main.c runs, and what the `hearth` tool borrows of it.
 * One process holds at most one host.
 */
#ifndef HEARTH_HOST_HOST_H
#define HEARTH_HOST_HOST_H

#include "base/error.h"
#include "host/control.h"

/* What the command line may say beside the file; strings are borrowed from argv. */
typedef struct host_options {
    const char *config;           /* --config, default /etc/hearth/hearth.yaml */
    const char *const *overrides; /* in order: "data_dir=…", "loops=2", "auth.registration=open" */
    size_t override_count;
    const char *const *listen; /* --listen ADDR:PORT, instead of the file's */
    size_t listen_count;
    const char *const *with; /* --with ID: files of plugins.available/ */
    size_t with_count;
    const char *const *without; /* --without ID: files of plugins.d/ left out */
    size_t without_count;
    uint32_t offline_loops; /* of a host without listeners; 0: one */
} host_options;

#define HOST_MAX_OVERRIDES 64

/* Room for what options_parse collects. */
typedef struct host_argv {
    host_options options;
    const char *overrides[HOST_MAX_OVERRIDES];
    const char *listen[HOST_MAX_OVERRIDES];
    const char *with[HOST_MAX_OVERRIDES];
    const char *without[HOST_MAX_OVERRIDES];
    char *owned[HOST_MAX_OVERRIDES];
    size_t owned_count;
} host_argv;

/*
 * Takes one option off argv[*index] (--config, --listen, --data-dir, --plugin-dir, --loops, --with,
 * --without, --set, each as "--name VALUE" or "--name=VALUE") and moves *index behind it.
 * HEARTH_ENOTFOUND: argv[*index] is not one of them; HEARTH_EINVAL: its value is missing.
 */
HEARTH_MUST_CHECK hearth_status host_argv_take(host_argv *argv_out, int argc, char **argv,
                                               int *index, hearth_error *error);
void host_argv_init(host_argv *args);
void host_argv_finish(host_argv *args);

/* hearthd: runs until it was told to stop. Returns the exit status: 0, 1 or 2. [main] */
int host_run(const host_options *options);

/* Validates everything without binding a port or touching data_dir: configuration, plugins,
 * services, routes, certificates. Each thing that is wrong goes to `complain` as one line. [main]
 */
HEARTH_MUST_CHECK hearth_status host_check(const host_options *options,
                                           void (*complain)(void *arg, const char *line),
                                           void *arg);

/*
 * Runs a plugin's subcommand: in the live hearthd when one holds the data directory, else in a host
 * started here for the purpose, with the services but no listener, on one loop. Returns once the
 * command is over and such a host has stopped. A negative status: it did not run, or nobody knows
 * its end.
 */
HEARTH_MUST_CHECK hearth_status host_command(const host_options *options,
                                             const control_command *command, control_sink sink,
                                             void *arg, control_result *result,
                                             hearth_error *error);

#endif
