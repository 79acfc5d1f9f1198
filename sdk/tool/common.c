/*
 * common.c - what the words of the tool share: failures, paths, and whether a hearthd runs.
 */
#include "tool.h"

#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int tool_fail(int exit_status, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("hearth: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    return exit_status;
}

int tool_fail_with(hearth_status status, const hearth_error *error)
{
    return tool_fail(status == HEARTH_EINVAL ? TOOL_USAGE : TOOL_FAILED, "%s", error->text);
}

void tool_complain(void *unused, const char *line)
{
    (void)unused;
    fprintf(stderr, "%s\n", line);
}

bool tool_path(char out[TOOL_PATH], const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(out, TOOL_PATH, fmt, args);
    va_end(args);
    if (len >= 0 && len < TOOL_PATH)
        return true;
    tool_fail(TOOL_FAILED, "a path is longer than %d bytes", TOOL_PATH - 1);
    return false;
}

bool tool_config_dir(const tool *t, char out[TOOL_PATH])
{
    char copy[TOOL_PATH];
    return tool_path(copy, "%s", t->options->config) && tool_path(out, "%s", dirname(copy));
}

bool tool_prefix(char out[TOOL_PATH])
{
    char program[TOOL_PATH];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (len <= 0) {
        tool_fail(TOOL_FAILED, "cannot find my own program in /proc/self/exe");
        return false;
    }
    program[len] = '\0';
    return tool_path(out, "%s", dirname(dirname(program)));
}

bool tool_plugin_dir(const tool *t, char out[TOOL_PATH])
{
    char prefix[TOOL_PATH];
    for (size_t i = t->options->override_count; i > 0; i--) {
        if (strncmp(t->options->overrides[i - 1], "plugin_dir=", 11) == 0)
            return tool_path(out, "%s", t->options->overrides[i - 1] + 11);
    }
    if (!tool_prefix(prefix) || !tool_path(out, "%s/plugins", prefix))
        return false;
    return access(out, X_OK) == 0 || tool_path(out, "%s/lib/hearth/plugins", prefix);
}

bool tool_host_runs(const char *data_dir)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int len = snprintf(address.sun_path, sizeof(address.sun_path), "%s/" CONTROL_SOCKET, data_dir);
    if (len < 0 || (size_t)len >= sizeof(address.sun_path))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool runs = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return runs;
}
