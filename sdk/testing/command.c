/*
 * command.c - hearth.command/1: runs a subcommand on loop 0 and keeps what it prints. As in the
 * real host, the usage line of a command tells its options and which of them take a value.
 */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORDS 64

struct hearth_cmd {
    hearth_test_host *host;
    hearth_arena *arena;
    char *text; /* the words, cut at their spaces */
    char *args[MAX_WORDS];
    char *options[MAX_WORDS], *values[MAX_WORDS];
    size_t arg_count, option_count;
    char *input, *out, *err;
    size_t out_size, err_size;
    FILE *out_file, *err_file;
    hearth_status status;
    int finished;
};

static hearth_str str(const char *text)
{
    return (hearth_str){text, strlen(text)};
}

static hearth_str command_argument(hearth_cmd *cmd, size_t index)
{
    return index < cmd->arg_count ? str(cmd->args[index]) : (hearth_str){NULL, 0};
}

static hearth_str command_option(hearth_cmd *cmd, const char *name)
{
    for (size_t i = cmd->option_count; i > 0; i--) /* the last one given holds */
        if (strcmp(cmd->options[i - 1], name) == 0)
            return str(cmd->values[i - 1]);
    return (hearth_str){NULL, 0};
}

static hearth_str command_input(hearth_cmd *cmd)
{
    return cmd->input ? str(cmd->input) : (hearth_str){NULL, 0};
}

static hearth_arena *command_arena(hearth_cmd *cmd)
{
    return cmd->arena;
}

static void command_print(hearth_cmd *cmd, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vfprintf(cmd->out_file, fmt, args);
    va_end(args);
    fputc('\n', cmd->out_file);
}

static void command_fail(hearth_cmd *cmd, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vfprintf(cmd->err_file, fmt, args);
    va_end(args);
    fputc('\n', cmd->err_file);
}

static void command_finish(hearth_cmd *cmd, hearth_status status)
{
    fake_check_thread(cmd->host, "hearth_command_api.finish");
    if (cmd->finished)
        fake_rule("hearth_command_api.finish: a second finish of one command");
    cmd->finished = 1;
    cmd->status = status;
}

const hearth_command_api fake_command_api = {
    sizeof(hearth_command_api),
    command_argument,
    command_option,
    command_input,
    command_arena,
    command_print,
    command_fail,
    command_finish,
};

void fake_command_finish(hearth_test_host *host)
{
    hearth_cmd *cmd = host->command;
    if (!cmd)
        return;
    fclose(cmd->out_file);
    fclose(cmd->err_file);
    free(cmd->out);
    free(cmd->err);
    free(cmd->input);
    free(cmd->text);
    fake_arena_destroy(cmd->arena);
    free(cmd);
    host->command = NULL;
}

/* The row whose name is the beginning of `words`; `rest` is what follows. */
static const hearth_command *find_command(hearth_test_host *host, const char *words,
                                          fake_plugin **owner, const char **rest)
{
    for (fake_plugin *plugin = host->plugins; plugin; plugin = plugin->next) {
        if (!plugin->desc || !plugin->desc->commands)
            continue;
        const char *row = (const char *)plugin->desc->commands;
        for (;; row += plugin->desc->command_size) {
            const hearth_command *command = (const hearth_command *)(const void *)row;
            if (!command->name)
                break;
            size_t len = strlen(command->name);
            if (strncmp(words, command->name, len) != 0 || (words[len] && words[len] != ' '))
                continue;
            *owner = plugin;
            *rest = words + len;
            return command;
        }
    }
    return NULL;
}

typedef enum option_kind { OPTION_UNKNOWN, OPTION_BARE, OPTION_VALUE } option_kind;

static option_kind option_kind_of(const char *usage, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = usage ? strstr(usage, "--") : NULL; at; at = strstr(at + 2, "--")) {
        const char *end = at + 2 + len;
        if (strncmp(at + 2, name, len) != 0)
            continue;
        if (*end == '\0' || *end == ']' || *end == '|')
            return OPTION_BARE;
        if (*end == '=')
            return OPTION_VALUE;
        if (*end == ' ')
            return end[1] == '[' || end[1] == '-' || end[1] == '\0' ? OPTION_BARE : OPTION_VALUE;
    }
    return OPTION_UNKNOWN;
}

/* False: the real host would refuse this command line. */
static bool take_option(hearth_cmd *cmd, const char *usage, char *word, char **save)
{
    char *equals = strchr(word, '=');
    if (equals)
        *equals = '\0';
    option_kind kind = option_kind_of(usage, word + 2);
    char *value = equals ? equals + 1 : kind == OPTION_VALUE ? strtok_r(NULL, " ", save) : "";
    if (kind == OPTION_UNKNOWN || !value || (equals && kind == OPTION_BARE)) {
        fprintf(cmd->err_file, "option %s: expected %s\n", word, usage ? usage : "none");
        return false;
    }
    cmd->options[cmd->option_count] = word + 2;
    cmd->values[cmd->option_count++] = value;
    return true;
}

static bool take_words(hearth_cmd *cmd, const char *usage)
{
    bool options = true;
    char *save = NULL;
    for (char *word = strtok_r(cmd->text, " ", &save);
         word && cmd->arg_count + cmd->option_count < MAX_WORDS;
         word = strtok_r(NULL, " ", &save)) {
        if (options && strcmp(word, "--") == 0)
            options = false;
        else if (!options || strncmp(word, "--", 2) != 0)
            cmd->args[cmd->arg_count++] = word;
        else if (!take_option(cmd, usage, word, &save))
            return false;
    }
    return true;
}

static hearth_cmd *command_new(hearth_test_host *host, const char *rest, const char *input)
{
    fake_command_finish(host);
    hearth_cmd *cmd = fake_new(sizeof(*cmd));
    cmd->host = host;
    cmd->arena = fake_arena_create(host, 1048576);
    cmd->text = fake_copy(rest);
    cmd->input = input ? fake_copy(input) : NULL;
    cmd->out_file = open_memstream(&cmd->out, &cmd->out_size);
    cmd->err_file = open_memstream(&cmd->err, &cmd->err_size);
    host->command = cmd;
    return cmd;
}

static void run(hearth_cmd *cmd, fake_plugin *plugin, const hearth_command *command)
{
    uint32_t before = fake_enter(cmd->host, 0);
    hearth_status status = command->run(&plugin->loops[0].pub, cmd);
    fake_leave(cmd->host, before);
    if (status == HEARTH_DEFERRED)
        return;
    if (cmd->finished)
        fake_rule("%s %s: finished and answered %d as well", plugin->id, command->name, status);
    command_finish(cmd, status);
}

hearth_test_output hearth_test_command(hearth_test_host *host, const char *words, const char *input,
                                       uint32_t real_ms)
{
    fake_plugin *plugin = NULL;
    const char *rest = "";
    const hearth_command *command = find_command(host, words, &plugin, &rest);
    if (!command || !host->running)
        fake_rule("hearth_test_command: no plugin has a subcommand for \"%s\"", words);
    hearth_cmd *cmd = command_new(host, rest, input);
    if (take_words(cmd, command->usage))
        run(cmd, plugin, command);
    else
        command_finish(cmd, HEARTH_EINVAL);
    hearth_test_pump(host);
    hearth_test_wait(host, &cmd->finished, real_ms);
    fflush(cmd->out_file);
    fflush(cmd->err_file);
    return (hearth_test_output){cmd->finished ? cmd->status : HEARTH_DEFERRED, cmd->out, cmd->err};
}
