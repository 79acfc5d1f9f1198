/*
 * conformance.c - `hearth conformance storage PLUGIN.so|ID`: the suite against any backend, in a
 * host without listeners on a directory that lives as long as the run. Each start is a process of
 * its own, so that a restart leaves nothing behind but what the backend has kept; the second one
 * kills itself with its last word, before the backend could close anything.
 */
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "plugin/manifest.h"
#include "tool.h"

#define SUITE "storage-conformance"

typedef struct suite {
    const tool *t;
    char directory[64];
    char id[64];
    unsigned passed, failed;
    bool finished;  /* the present process has said its total */
    char last[200]; /* the last check of which it said something */
} suite;

/* The processes of one run, and the word that tells the suite which it is. */
typedef enum start { FIRST, BEFORE_KILL, AFTER_KILL, STARTS } start;
static const char *const words[STARTS] = {NULL, "--before-kill", "--after-kill"};

/* ---- the directory --------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)info;
    (void)type;
    (void)place;
    return remove(path);
}

static bool link_plugin(const suite *s, const char *file, const char *id)
{
    char target[TOOL_PATH], place[TOOL_PATH];
    if (!realpath(file, target)) {
        tool_fail(TOOL_USAGE, "%s: there is no such plugin", file);
        return false;
    }
    if (!tool_path(place, "%s/plugins/%s.so", s->directory, id))
        return false;
    if (symlink(target, place) == 0)
        return true;
    tool_fail(TOOL_FAILED, "%s: cannot be made", place);
    return false;
}

/* "storage-x", or the path of any .so: what it holds says its id. */
static bool find_backend(suite *s, char file[TOOL_PATH])
{
    const char *given = s->t->args[0], *name = strrchr(given, '/');
    char dir[TOOL_PATH];
    hearth_manifest manifest;
    hearth_error error;
    name = name ? name + 1 : given;
    size_t len = strlen(name);
    bool is_file = len > 3 && strcmp(name + len - 3, ".so") == 0;
    snprintf(s->id, sizeof(s->id), "%.*s", (int)(is_file ? len - 3 : len), name);
    if (!is_file && (name != given || !manifest_id_is_valid(s->id))) {
        tool_fail(TOOL_USAGE, "%s: expected a plugin's id or its .so file", given);
        return false;
    }
    if (is_file ? !tool_path(file, "%s", given)
                : !tool_plugin_dir(s->t, dir) || !tool_path(file, "%s/%s.so", dir, s->id))
        return false;
    error_clear(&error);
    hearth_status status = manifest_read_file(file, &manifest, &error);
    if (status == HEARTH_OK)
        status = manifest_check_abi(&manifest, &error);
    if (status != HEARTH_OK) {
        tool_fail(TOOL_USAGE, "%s", error.text);
        return false;
    }
    if (is_file) /* whatever its build calls the file */
        snprintf(s->id, sizeof(s->id), "%s", manifest.id);
    return true;
}

static bool make_directory(suite *s, const char *file)
{
    char prefix[TOOL_PATH], path[TOOL_PATH];
    if (!tool_path(path, "%s/plugins", s->directory) || mkdir(path, 0700) != 0 ||
        !link_plugin(s, file, s->id) || !tool_prefix(prefix) ||
        !tool_path(path, "%s/lib/hearth/conformance/" SUITE ".so", prefix) ||
        !link_plugin(s, path, SUITE) || !tool_path(path, "%s/hearth.yaml", s->directory))
        return false;
    FILE *config = fopen(path, "w");
    bool good = config && fputs("# The options of the command line are everything.\n", config) >= 0;
    if (config)
        good = fclose(config) == 0 && good;
    if (!good)
        tool_fail(TOOL_FAILED, "%s: cannot be written", path);
    return good;
}

/* ---- a run ----------------------------------------------------------------------------------- */

static bool is_total(const char *line)
{
    unsigned passed, failed;
    return sscanf(line, "%u passed, %u failed", &passed, &failed) == 2;
}

static void write_through(void *arg, int stream, hearth_str text)
{
    const start *which = arg;
    char line[64];
    fwrite(text.ptr, 1, text.len, stream == 2 ? stderr : stdout);
    fflush(stream == 2 ? stderr : stdout);
    (void)snprintf(line, sizeof(line), "%" HEARTH_PRIS, HEARTH_ARG(text));
    if (*which == BEFORE_KILL && stream != 2 && is_total(line))
        (void)kill(getpid(), SIGKILL);
}

static int run_host(const suite *s, start which)
{
    const char *overrides[HOST_MAX_OVERRIDES + 4], *with[2] = {s->id, SUITE};
    char config[TOOL_PATH], data[TOOL_PATH], plugins[TOOL_PATH];
    size_t count = 0, given = s->t->options->override_count;
    hearth_str args[3] = {HEARTH_STR("conformance"), HEARTH_STR("storage")};
    control_command command = {.args = args, .arg_count = words[which] ? 3 : 2};
    control_result result = {TOOL_FAILED, false};
    hearth_error error;

    args[2] = str_from(words[which]);
    if (!tool_path(config, "%s/hearth.yaml", s->directory) ||
        !tool_path(data, "data_dir=%s/data", s->directory) ||
        !tool_path(plugins, "plugin_dir=%s/plugins", s->directory))
        return TOOL_FAILED;
    overrides[count++] = "log_level=warn";
    for (size_t i = 0; i < given; i++)
        overrides[count++] = s->t->options->overrides[i];
    overrides[count++] = data;
    overrides[count++] = plugins;
    host_options options = {.config = config,
                            .overrides = overrides,
                            .override_count = count,
                            .with = with,
                            .with_count = 2,
                            .offline_loops = 2};
    hearth_status status = host_command(&options, &command, write_through, &which, &result, &error);
    return status == HEARTH_OK ? result.exit_status : tool_fail_with(status, &error);
}

/* Checks are counted here; the suite's own totals are of one process each. */
static void take_line(suite *s, const char *line)
{
    bool ok = strncmp(line, "ok ", 3) == 0, failed = strncmp(line, "FAIL ", 5) == 0;
    s->passed += ok;
    s->failed += failed;
    s->finished = s->finished || is_total(line);
    if (ok || failed) {
        (void)snprintf(s->last, sizeof(s->last), "%.*s", (int)strcspn(line + 5, ":\n"), line + 5);
        fputs(line, stdout);
        fflush(stdout);
    }
}

/* Its wait status, -1 when there is none. */
static int run_process(suite *s, start which)
{
    int ends[2], status = 0;
    char *line = NULL;
    size_t size = 0;
    s->finished = false;
    fflush(stdout);
    if (pipe(ends) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        if (dup2(ends[1], STDOUT_FILENO) < 0)
            _exit(TOOL_FAILED);
        close(ends[1]);
        int end = run_host(s, which);
        fflush(stdout);
        exit(end);
    }
    close(ends[1]);
    FILE *output = child > 0 ? fdopen(ends[0], "r") : NULL;
    while (output && getline(&line, &size, output) >= 0)
        take_line(s, line);
    free(line);
    if (output)
        fclose(output);
    else
        close(ends[0]);
    return child < 0 || waitpid(child, &status, 0) != child ? -1 : status;
}

/* A process that ended in another way than was to be; said as one more failure. */
static void judge_end(suite *s, start which, int status)
{
    bool killed = which == BEFORE_KILL && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    char how[100];

    if (s->finished && (killed || (WIFEXITED(status) && WEXITSTATUS(status) <= TOOL_FAILED &&
                                   (WEXITSTATUS(status) == TOOL_OK || s->failed > 0))))
        return;
    if (WIFSIGNALED(status))
        (void)snprintf(how, sizeof(how), "signal %d (%s)", WTERMSIG(status),
                       strsignal(WTERMSIG(status)));
    else
        (void)snprintf(how, sizeof(how), "exit status %d", WEXITSTATUS(status));
    if (s->finished)
        printf("FAIL the backend stops cleanly: the process ended with %s\n", how);
    else
        printf("FAIL the suite runs to its end: the process ended with %s after '%s'\n", how,
               s->last[0] ? s->last : "the start");
    s->failed++;
}

static int run_suite(suite *s)
{
    for (start which = FIRST; which < STARTS; which++) {
        int status = run_process(s, which);
        if (status < 0)
            return tool_fail(TOOL_FAILED, "cannot start a process");
        if (which == FIRST && s->passed + s->failed == 0 && WIFEXITED(status) &&
            WEXITSTATUS(status) == TOOL_USAGE)
            return TOOL_USAGE; /* nothing ran, and why was said */
        judge_end(s, which, status);
        if (!s->finished)
            break;
    }
    printf("%u passed, %u failed\n", s->passed, s->failed);
    return s->failed == 0 ? TOOL_OK : TOOL_FAILED;
}

int tool_conformance_storage(const tool *t)
{
    suite s = {.t = t, .directory = "/tmp/hearth-conformance-XXXXXX"};
    char file[TOOL_PATH];
    if (!find_backend(&s, file))
        return TOOL_USAGE;
    if (!mkdtemp(s.directory))
        return tool_fail(TOOL_FAILED, "cannot make a directory in /tmp");
    int status = make_directory(&s, file) ? run_suite(&s) : TOOL_FAILED;
    (void)nftw(s.directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return status;
}
