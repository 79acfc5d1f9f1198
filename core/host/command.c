/* command.c - see command.h. */
#include "host/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "host/interfaces.h"

#define COMMAND_MEMORY (64u * 1024 * 1024)
#define MAX_OUTPUT     (16u * 1024 * 1024)

struct hearth_cmd {
    hearth_letter letter;
    host_state *host;
    hearth_ctx *ctx;
    const hearth_command *row;
    hearth_arena arena; /* loop 0's from the start of the run until the end */
    hearth_str args[CONTROL_MAX_ARGS];
    size_t arg_count;
    struct {
        hearth_str name, value;
    } options[CONTROL_MAX_ARGS];
    size_t option_count;
    bool has_input, asked, failed;
    hearth_str input;
    size_t printed;
    bool cut, finished;
    control_result result;
    command_waiter waiter; /* [main]; print NULL: gone */
};

/* ---- finding and taking apart ---------------------------------------------------------------- */

static bool name_matches(const char *name, const control_command *command, size_t *words)
{
    hearth_str rest = str_from(name), word;
    size_t count = 0;
    while (str_split(&rest, ' ', &word)) {
        if (count >= command->arg_count || !str_eq(command->args[count], word))
            return false;
        count++;
    }
    *words = count;
    return true;
}

static hearth_status check_name(const host_state *host, const hearth_plugin *owner,
                                const hearth_command *row, hearth_error *error)
{
    for (size_t i = 0; i < host->plugins.count; i++) {
        const hearth_plugin *item = host->plugins.items[i];
        for (size_t k = 0; k < item->desc.command_count; k++) {
            const hearth_command *other = &item->desc.head.commands[k];
            if (other == row)
                return HEARTH_OK;
            if (strcmp(other->name, row->name) == 0)
                return error_set(error, HEARTH_EINVAL,
                                 "command `%s` of %s has the name of one of %s", row->name,
                                 owner->id, item->id);
        }
    }
    return HEARTH_OK;
}

hearth_status commands_check(const host_state *host, hearth_error *error)
{
    hearth_status status = HEARTH_OK;
    for (size_t i = 0; i < host->plugins.count; i++) {
        const hearth_plugin *item = host->plugins.items[i];
        for (size_t k = 0; status == HEARTH_OK && k < item->desc.command_count; k++)
            status = check_name(host, item, &item->desc.head.commands[k], error);
    }
    return status;
}

/* The command whose name is the longest beginning of the arguments. */
static const hearth_command *find(host_state *host, const control_command *command,
                                  hearth_plugin **owner, size_t *words)
{
    const hearth_command *found = NULL;
    *words = 0;
    for (size_t i = 0; i < host->plugins.count; i++) {
        hearth_plugin *item = host->plugins.items[i];
        for (size_t k = 0; k < item->desc.command_count; k++) {
            size_t count;
            if (!name_matches(item->desc.head.commands[k].name, command, &count) || count <= *words)
                continue;
            found = &item->desc.head.commands[k];
            *owner = item;
            *words = count;
        }
    }
    return found;
}

static void list_commands(const host_state *host, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < host->plugins.count; i++) {
        const plugin_desc *desc = &host->plugins.items[i]->desc;
        for (size_t k = 0; k < desc->command_count && used < size; k++) {
            int n = snprintf(text + used, size - used, "%s%s", used ? ", " : "",
                             desc->head.commands[k].name);
            used += n > 0 ? (size_t)n : 0;
        }
    }
}

typedef enum option_kind { OPTION_UNKNOWN, OPTION_BARE, OPTION_VALUE } option_kind;

/* The usage line tells which options there are, and which take a value: "[--scope SCOPE]". */
static option_kind option_kind_of(const char *usage, hearth_str name)
{
    for (const char *at = usage ? strstr(usage, "--") : NULL; at; at = strstr(at + 2, "--")) {
        const char *end = at + 2 + name.len;
        if (strncmp(at + 2, name.ptr, name.len) != 0)
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

static hearth_status take_option(hearth_cmd *cmd, const control_command *command, size_t *index,
                                 hearth_error *error)
{
    hearth_str arg = str_slice(command->args[*index], 2, SIZE_MAX);
    size_t equal = str_index(arg, '=');
    hearth_str name = str_slice(arg, 0, equal), value = HEARTH_STR("");
    option_kind kind = option_kind_of(cmd->row->usage, name);
    if (kind == OPTION_UNKNOWN)
        return error_set(error, HEARTH_EINVAL,
                         "%s: unknown option --%" HEARTH_PRIS ": expected %s %s", cmd->row->name,
                         HEARTH_ARG(name), cmd->row->name, cmd->row->usage ? cmd->row->usage : "");
    if (equal < arg.len) {
        if (kind == OPTION_BARE)
            return error_set(error, HEARTH_EINVAL, "%s: option --%" HEARTH_PRIS " takes no value",
                             cmd->row->name, HEARTH_ARG(name));
        value = str_slice(arg, equal + 1, arg.len);
    } else if (kind == OPTION_VALUE) {
        if (*index + 1 >= command->arg_count)
            return error_set(error, HEARTH_EINVAL, "%s: option --%" HEARTH_PRIS " needs a value",
                             cmd->row->name, HEARTH_ARG(name));
        value = command->args[++*index];
    }
    cmd->options[cmd->option_count].name = arena_dup_str(&cmd->arena, name);
    cmd->options[cmd->option_count++].value = arena_dup_str(&cmd->arena, value);
    return HEARTH_OK;
}

static hearth_status take_arguments(hearth_cmd *cmd, const control_command *command, size_t words,
                                    hearth_error *error)
{
    bool options = true;
    hearth_status status = HEARTH_OK;
    for (size_t i = words; status == HEARTH_OK && i < command->arg_count; i++) {
        hearth_str arg = command->args[i];
        if (options && str_eq(arg, HEARTH_STR("--")))
            options = false;
        else if (options && str_starts_with(arg, HEARTH_STR("--")))
            status = take_option(cmd, command, &i, error);
        else
            cmd->args[cmd->arg_count++] = arena_dup_str(&cmd->arena, arg);
    }
    cmd->has_input = command->has_input;
    cmd->input = arena_dup_str(&cmd->arena, command->input);
    return status;
}

/* ---- printing, and the end ------------------------------------------------------------------- */

static void destroy(hearth_cmd *cmd)
{
    arena_finish(&cmd->arena);
    free(cmd);
}

typedef struct printed {
    hearth_letter letter;
    hearth_cmd *cmd;
    int stream;
    size_t len;
    char text[];
} printed;

static void on_printed(hearth_loop *loop, hearth_letter *letter)
{
    printed *item = HEARTH_CONTAINER_OF(letter, printed, letter);
    (void)loop;
    command_waiter *waiter = &item->cmd->waiter;
    if (waiter->print)
        waiter->print(waiter->arg, item->stream, (hearth_str){item->text, item->len});
    free(item);
}

static void on_finished(hearth_loop *loop, hearth_letter *letter)
{
    hearth_cmd *cmd = HEARTH_CONTAINER_OF(letter, hearth_cmd, letter);
    (void)loop;
    if (cmd->waiter.done)
        cmd->waiter.done(cmd->waiter.arg, cmd->result);
    destroy(cmd);
}

static void send_text(hearth_cmd *cmd, int stream, const char *fmt, va_list args)
{
    char *text;
    int len = vasprintf(&text, fmt, args);
    if (len < 0)
        return;
    printed *item = malloc(sizeof(*item) + (size_t)len + 1);
    cmd->cut = cmd->cut || cmd->printed + (size_t)len > MAX_OUTPUT;
    if (item && !cmd->cut) {
        cmd->printed += (size_t)len;
        *item = (printed){.letter = {.fn = on_printed}, .cmd = cmd, .stream = stream};
        memcpy(item->text, text, (size_t)len);
        item->len = (size_t)len;
        if (len == 0 || text[len - 1] != '\n') /* a call is a line */
            item->text[item->len++] = '\n';
        if (loop_send(&cmd->host->main, &item->letter) >= 0)
            item = NULL;
    }
    free(item);
    free(text);
}

static void HEARTH_PRINTF(2, 3) fail(hearth_cmd *cmd, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    send_text(cmd, 2, fmt, args);
    va_end(args);
}

static void finish(hearth_cmd *cmd, hearth_status status)
{
    CTX_ASSERT(cmd->ctx, "hearth_command.finish");
    if (cmd->finished) {
        log_error(plugin_ctx_of(cmd->ctx)->plugin->id, "finish() was called twice for `%s`",
                  cmd->row->name);
        return;
    }
    if (status < 0 && !cmd->failed && !cmd->asked)
        fail(cmd, "%s: failed: %s", cmd->row->name, status_name(status));
    if (cmd->cut)
        log_warn("host", "`%s` printed more than %u bytes: the rest was dropped", cmd->row->name,
                 MAX_OUTPUT);
    cmd->finished = true;
    cmd->result.exit_status = status >= 0 && !cmd->cut ? 0 : 1;
    cmd->result.asked_for_input = status < 0 && cmd->asked;
    cmd->letter.fn = on_finished;
    (void)!loop_send(&cmd->host->main, &cmd->letter);
}

/* ---- the run --------------------------------------------------------------------------------- */

static void run_on_loop(hearth_loop *loop, hearth_letter *letter)
{
    hearth_cmd *cmd = HEARTH_CONTAINER_OF(letter, hearth_cmd, letter);
    if (!plugin_ctx_of(cmd->ctx)->started) {
        fail(cmd, "%s: the plugin is not running", cmd->row->name);
        finish(cmd, HEARTH_EUNAVAILABLE);
        return;
    }
    host_scope outer = scope_enter(loop, plugin_ctx_of(cmd->ctx)->plugin->id, cmd->row->name);
    hearth_status status = cmd->row->run(cmd->ctx, cmd);
    scope_leave(outer);
    if (status != HEARTH_DEFERRED)
        finish(cmd, status);
}

hearth_status command_start(host_state *host, const control_command *command, command_waiter waiter,
                            hearth_cmd **out, hearth_error *error)
{
    hearth_plugin *owner = NULL;
    size_t words;
    const hearth_command *row = find(host, command, &owner, &words);
    if (!row) {
        char known[HEARTH_ERROR_SIZE - 128];
        list_commands(host, known, sizeof(known));
        hearth_str first = command->arg_count > 0 ? command->args[0] : HEARTH_STR("");
        return error_set(error, HEARTH_EINVAL,
                         "no enabled plugin has the command `%" HEARTH_PRIS "`: expected one of %s",
                         HEARTH_ARG(first), known);
    }
    hearth_cmd *cmd = calloc(1, sizeof(*cmd));
    if (!cmd)
        return error_set(error, HEARTH_ENOMEM, "out of memory");
    arena_init(&cmd->arena, NULL, COMMAND_MEMORY);
    cmd->arena.secret = true; /* its input may be a password */
    cmd->host = host;
    cmd->row = row;
    cmd->ctx = host_ctx_on(owner, &host->loops[0]);
    cmd->waiter = waiter;
    hearth_status status = take_arguments(cmd, command, words, error);
    if (status == HEARTH_OK) {
        cmd->letter.fn = run_on_loop;
        status = loop_send(&host->loops[0].net, &cmd->letter);
        if (status < 0)
            (void)error_set(error, status, "the process is stopping");
    }
    if (status < 0) {
        destroy(cmd);
        return status;
    }
    *out = cmd;
    return HEARTH_OK;
}

void command_forget(hearth_cmd *cmd)
{
    cmd->waiter = (command_waiter){0};
}

/* ---- hearth.command/1 ------------------------------------------------------------------------ */

static hearth_str argument(hearth_cmd *cmd, size_t index)
{
    return index < cmd->arg_count ? cmd->args[index] : (hearth_str){NULL, 0};
}

static hearth_str option(hearth_cmd *cmd, const char *name)
{
    for (size_t i = cmd->option_count; i > 0; i--) { /* the last one given holds */
        if (str_eq(cmd->options[i - 1].name, str_from(name)))
            return cmd->options[i - 1].value;
    }
    return (hearth_str){NULL, 0};
}

static hearth_str input(hearth_cmd *cmd)
{
    if (!cmd->has_input) {
        cmd->asked = true;
        return (hearth_str){NULL, 0};
    }
    return cmd->input;
}

static hearth_arena *arena(hearth_cmd *cmd)
{
    return &cmd->arena;
}

static void print(hearth_cmd *cmd, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    send_text(cmd, 1, fmt, args);
    va_end(args);
}

static void fail_by_plugin(hearth_cmd *cmd, const char *fmt, ...)
{
    va_list args;
    cmd->failed = true;
    if (cmd->asked) /* the tool gets the input and tries again; this sentence is not for the user */
        return;
    va_start(args, fmt);
    send_text(cmd, 2, fmt, args);
    va_end(args);
}

const hearth_command_api host_command_api = {.struct_size = sizeof(hearth_command_api),
                                             .argument = argument,
                                             .option = option,
                                             .input = input,
                                             .arena = arena,
                                             .print = print,
                                             .fail = fail_by_plugin,
                                             .finish = finish};
