/*
 * command.c - hearth.command/1: runs a subcommand on loop 0 and keeps what it prints.
 *
 * An option is a word that begins with "--"; it takes the next word as its value unless that is an
 * option too.
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
    char *words[MAX_WORDS];
    size_t count;
    char *input, *out, *err;
    size_t out_size, err_size;
    FILE *out_file, *err_file;
    hearth_status status;
    int finished;
};

static bool is_option(const char *word)
{
    return word && word[0] == '-' && word[1] == '-' && word[2] != '\0';
}

static bool takes_next(const hearth_cmd *cmd, size_t i)
{
    return is_option(cmd->words[i]) && !strchr(cmd->words[i], '=') && i + 1 < cmd->count &&
           !is_option(cmd->words[i + 1]);
}

static hearth_str str(const char *text)
{
    return (hearth_str){text, strlen(text)};
}

static hearth_str command_argument(hearth_cmd *cmd, size_t index)
{
    for (size_t i = 0; i < cmd->count; i++) {
        if (is_option(cmd->words[i]))
            i += takes_next(cmd, i);
        else if (index-- == 0)
            return str(cmd->words[i]);
    }
    return (hearth_str){NULL, 0};
}

static hearth_str command_option(hearth_cmd *cmd, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < cmd->count; i++) {
        const char *word = cmd->words[i];
        if (!is_option(word) || strncmp(word + 2, name, len) != 0)
            continue;
        if (word[2 + len] == '=')
            return str(word + 3 + len);
        if (word[2 + len] == '\0')
            return takes_next(cmd, i) ? str(cmd->words[i + 1]) : str("");
    }
    return (hearth_str){NULL, 0};
}

static hearth_str command_input(hearth_cmd *cmd)
{
    return str(cmd->input);
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

static hearth_cmd *command_new(hearth_test_host *host, const char *rest, const char *input)
{
    fake_command_finish(host);
    hearth_cmd *cmd = fake_new(sizeof(*cmd));
    cmd->host = host;
    cmd->arena = fake_arena_create(host, 1048576);
    cmd->text = fake_copy(rest);
    cmd->input = fake_copy(input);
    cmd->out_file = open_memstream(&cmd->out, &cmd->out_size);
    cmd->err_file = open_memstream(&cmd->err, &cmd->err_size);
    char *save = NULL;
    for (char *word = strtok_r(cmd->text, " ", &save); word && cmd->count < MAX_WORDS;
         word = strtok_r(NULL, " ", &save))
        cmd->words[cmd->count++] = word;
    host->command = cmd;
    return cmd;
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
    uint32_t before = fake_enter(host, 0);
    hearth_status status = command->run(&plugin->loops[0].pub, cmd);
    fake_leave(host, before);
    if (status != HEARTH_DEFERRED) {
        if (cmd->finished)
            fake_rule("%s %s: finished and answered %d as well", plugin->id, command->name, status);
        command_finish(cmd, status);
    }
    hearth_test_pump(host);
    hearth_test_wait(host, &cmd->finished, real_ms);
    fflush(cmd->out_file);
    fflush(cmd->err_file);
    return (hearth_test_output){cmd->finished ? cmd->status : HEARTH_DEFERRED, cmd->out, cmd->err};
}
