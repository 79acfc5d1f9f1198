/*
 * tool.h - the words of the `hearth` command, one file each, and what they share.
 * Exit status: 0 done, 1 failed, 2 a wrong command line or an unusable configuration.
 */
#ifndef HEARTH_TOOL_H
#define HEARTH_TOOL_H

#include "base/error.h"
#include "host/host.h"

#define TOOL_PATH 4096

enum { TOOL_OK = 0, TOOL_FAILED = 1, TOOL_USAGE = 2 };

typedef struct tool {
    const host_options *options; /* --config and so on, taken off the command line */
    const char *const *args;     /* the words after the command's own */
    size_t count;
    bool json, overwrite;
    uint64_t timeout_ms; /* --timeout; nothing moves for so long: given up */
} tool;

int tool_check(const tool *t);
int tool_plugins(const tool *t);
int tool_enable(const tool *t);
int tool_disable(const tool *t);
int tool_inspect(const tool *t);
int tool_new(const tool *t);
int tool_conformance_storage(const tool *t);
int tool_storage_copy(const tool *t);
/* A plugin's own subcommand; args holds all words. */
int tool_subcommand(const tool *t);

/* Prints "hearth: ..." to standard error and returns the exit status. */
int tool_fail(int exit_status, const char *fmt, ...) HEARTH_PRINTF(2, 3);
/* A refused status: unusable configuration is exit status 2, anything else 1. */
int tool_fail_with(hearth_status status, const hearth_error *error);
/* For host_check: a line to standard error. */
void tool_complain(void *unused, const char *line);
/* False, after a sentence: the path is too long. */
bool tool_path(char out[TOOL_PATH], const char *fmt, ...) HEARTH_PRINTF(2, 3);
/* The folder of the configuration file: plugins.d/ and plugins.available/ are in it. */
bool tool_config_dir(const tool *t, char out[TOOL_PATH]);
/* The prefix that this program is installed in, or the build tree: the folder above bin/. */
bool tool_prefix(char out[TOOL_PATH]);
/* Where plugins are: --plugin-dir, else beside this program. */
bool tool_plugin_dir(const tool *t, char out[TOOL_PATH]);
/* What the journal of a data directory still holds. */
typedef struct tool_journal {
    uint64_t rows, dead; /* changes, and how many of them are dead letters */
    char storage[512];   /* the store they are for */
    char directory[64];  /* the id of the data directory; empty: it has no journal */
} tool_journal;
/* The caller has the directory's lock. */
HEARTH_MUST_CHECK hearth_status tool_journal_read(const char *data_dir, tool_journal *journal,
                                                  hearth_error *error);
/* Whether a hearthd serves this data directory now. */
bool tool_host_runs(const char *data_dir);

#endif
