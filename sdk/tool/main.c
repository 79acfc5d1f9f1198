/*
 * main.c - the `hearth` command: takes the options off the command line and finds the word.
 * Words that are none of its own belong to the enabled plugins.
 */
#include "tool.h"

#include <stdio.h>
#include <string.h>

#include <hearth/plugin.h>

#define MAX_WORDS CONTROL_MAX_ARGS

static const struct {
    const char *word, *usage, *help;
    int (*run)(const tool *t);
    size_t min, max;
} words[] = {
    {"check", "", "Checks the whole configuration without starting anything", tool_check, 0, 0},
    {"plugins", "[--json]", "Lists plugins, their services and state", tool_plugins, 0, 0},
    {"enable", "ID", "Enables a plugin, if the configuration is good with it", tool_enable, 1, 1},
    {"disable", "ID", "Disables a plugin, if the others can do without it", tool_disable, 1, 1},
    {"inspect", "ID|FILE [--json]", "Shows what a plugin is: routes, services, keys", tool_inspect,
     1, 1},
    {"new", "ID [DIRECTORY]", "Writes a plugin that builds and passes its test", tool_new, 1, 2},
};

static void print_usage(FILE *out)
{
    fputs("usage: hearth [OPTIONS] COMMAND\n\n", out);
    for (size_t i = 0; i < HEARTH_COUNT(words); i++) {
        char left[64];
        snprintf(left, sizeof(left), "%s %s", words[i].word, words[i].usage);
        fprintf(out, "  %-26s %s\n", left, words[i].help);
    }
    fputs(
        "  WORD [WORD] ARGUMENTS      A subcommand of an enabled plugin; `hearth inspect ID` shows"
        " them\n\n"
        "  --config FILE, --data-dir DIR, --plugin-dir DIR, --with ID, --without ID,\n"
        "  --set KEY=VALUE            As for hearthd; words after -- are left alone\n"
        "  --version, --help\n",
        out);
}

typedef struct command_line {
    host_argv host;
    const char *words[MAX_WORDS];
    size_t count;
} command_line;

/* Options of the host may stand anywhere before "--"; everything else is a word. */
static int read_command_line(command_line *line, int argc, char **argv)
{
    bool plain = false;
    for (int i = 1; i < argc;) {
        hearth_error error;
        error_clear(&error);
        plain = plain || strcmp(argv[i], "--") == 0;
        hearth_status status =
            plain ? HEARTH_ENOTFOUND : host_argv_take(&line->host, argc, argv, &i, &error);
        if (status == HEARTH_OK)
            continue;
        if (status != HEARTH_ENOTFOUND)
            return tool_fail(TOOL_USAGE, "%s", error.text);
        if (line->count == MAX_WORDS)
            return tool_fail(TOOL_USAGE, "expected at most %zu words", (size_t)MAX_WORDS);
        line->words[line->count++] = argv[i++];
    }
    return TOOL_OK;
}

/* Takes --json out of the words of a command of our own; false: another option is there. */
static bool take_json(command_line *line, bool *json)
{
    size_t kept = 0;
    bool plain = false;
    for (size_t i = 0; i < line->count; i++) {
        if (!plain && strcmp(line->words[i], "--") == 0) {
            plain = true;
            continue;
        }
        if (!plain && strcmp(line->words[i], "--json") == 0) {
            *json = true;
            continue;
        }
        if (!plain && line->words[i][0] == '-') {
            tool_fail(TOOL_USAGE, "unknown option %s", line->words[i]);
            return false;
        }
        line->words[kept++] = line->words[i];
    }
    line->count = kept;
    return true;
}

static int run_word(command_line *line)
{
    tool t = {&line->host.options, line->words, line->count, false};
    for (size_t i = 0; i < HEARTH_COUNT(words); i++) {
        if (strcmp(words[i].word, line->words[0]) != 0)
            continue;
        if (!take_json(line, &t.json))
            return TOOL_USAGE;
        t.args++;
        t.count = line->count - 1;
        if (t.count < words[i].min || t.count > words[i].max)
            return tool_fail(TOOL_USAGE, "usage: hearth %s %s", words[i].word, words[i].usage);
        return words[i].run(&t);
    }
    return tool_subcommand(&t);
}

int main(int argc, char **argv)
{
    command_line line = {.count = 0};
    host_argv_init(&line.host);
    int status = read_command_line(&line, argc, argv);
    const char *first = line.count > 0 ? line.words[0] : "";
    if (status == TOOL_OK && (strcmp(first, "--help") == 0 || strcmp(first, "help") == 0)) {
        print_usage(stdout);
    } else if (status == TOOL_OK && strcmp(first, "--version") == 0) {
        printf("hearth %s, SDK %u.%u\n", HEARTH_VERSION, HEARTH_ABI_MAJOR, HEARTH_ABI_MINOR);
    } else if (status == TOOL_OK && (*first == '\0' || *first == '-')) {
        print_usage(stderr);
        status = TOOL_USAGE;
    } else if (status == TOOL_OK) {
        status = run_word(&line);
    }
    host_argv_finish(&line.host);
    return status;
}
