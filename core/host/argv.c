/* argv.c - the options that hearthd and the hearth tool share. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"

#ifndef HEARTH_SYSCONFDIR
#error "HEARTH_SYSCONFDIR comes from CMake"
#endif

void host_argv_init(host_argv *args)
{
    memset(args, 0, sizeof(*args));
    args->options.config = HEARTH_SYSCONFDIR "/hearth/hearth.yaml";
    args->options.overrides = args->overrides;
    args->options.listen = args->listen;
    args->options.with = args->with;
    args->options.without = args->without;
}

void host_argv_finish(host_argv *args)
{
    for (size_t i = 0; i < args->owned_count; i++)
        free(args->owned[i]);
    args->owned_count = 0;
}

static hearth_status append(const char **list, size_t *count, const char *name, const char *value,
                            hearth_error *error)
{
    if (*count == HOST_MAX_OVERRIDES)
        return error_set(error, HEARTH_EINVAL, "%s: at most %d are taken", name,
                         HOST_MAX_OVERRIDES);
    list[(*count)++] = value;
    return HEARTH_OK;
}

/* --data-dir DIR is --set data_dir=DIR. */
static hearth_status append_key(host_argv *args, const char *name, const char *key,
                                const char *value, hearth_error *error)
{
    char *text;
    if (args->owned_count == HOST_MAX_OVERRIDES)
        return error_set(error, HEARTH_EINVAL, "%s: given too often", name);
    if (asprintf(&text, "%s=%s", key, value) < 0)
        return error_set(error, HEARTH_ENOMEM, "%s: out of memory", name);
    args->owned[args->owned_count++] = text;
    return append(args->overrides, &args->options.override_count, name, text, error);
}

/* The value of `name` at argv[*index], or NULL when that is another argument or has none. */
static const char *value_of(const char *name, int argc, char **argv, int *index, bool *missing)
{
    size_t len = strlen(name);
    const char *arg = argv[*index];
    if (strncmp(arg, name, len) != 0 || (arg[len] != '\0' && arg[len] != '='))
        return NULL;
    if (arg[len] == '=') {
        *index += 1;
        return arg + len + 1;
    }
    if (*index + 1 >= argc) {
        *missing = true;
        return NULL;
    }
    *index += 2;
    return argv[*index - 1];
}

hearth_status host_argv_take(host_argv *args, int argc, char **argv, int *index,
                             hearth_error *error)
{
    static const char *const names[] = {"--config", "--listen", "--data-dir", "--plugin-dir",
                                        "--loops",  "--with",   "--without",  "--set"};
    for (size_t i = 0; i < HEARTH_COUNT(names); i++) {
        const char *name = names[i];
        bool missing = false;
        const char *value = value_of(name, argc, argv, index, &missing);
        if (missing)
            return error_set(error, HEARTH_EINVAL, "%s: expected a value, found none", name);
        if (!value)
            continue;
        host_options *options = &args->options;
        switch (i) {
        case 0:
            options->config = value;
            return HEARTH_OK;
        case 1:
            return append(args->listen, &options->listen_count, name, value, error);
        case 2:
            return append_key(args, name, "data_dir", value, error);
        case 3:
            return append_key(args, name, "plugin_dir", value, error);
        case 4:
            return append_key(args, name, "loops", value, error);
        case 5:
            return append(args->with, &options->with_count, name, value, error);
        case 6:
            return append(args->without, &options->without_count, name, value, error);
        default:
            return append(args->overrides, &options->override_count, name, value, error);
        }
    }
    return HEARTH_ENOTFOUND;
}
