/*
 * main.c - the `hearth` command: takes the options off the command line and finds the word.
 * Words that are none of its own belong to the enabled plugins.
 */
#include "tool.h"

#include <stdio.h>
#include <string.h>

#include <hearth/plugin.h>

#include "base/descriptors.h"
#include "base/str.h"
#include "conf/conf.h"

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
    {"conformance storage", "PLUGIN.so|ID", "Runs the conformance suite against a storage backend",
     tool_conformance_storage, 1, 1},
    {"storage copy", "FROM TO [--overwrite] [--timeout 60s]",
     "Copies a whole game from one storage to another", tool_storage_copy, 2, 2},
    {"new", "ID [DIRECTORY]", "Writes a plugin that builds and passes its test", tool_new, 1, 2},
};

static void print_usage(FILE *out)
{
    fputs("usage: hearth [OPTIONS] COMMAND\n\n", out);
    for (size_t i = 0; i < HEARTH_COUNT(words); i++) {
        char left[80];
        snprintf(left, sizeof(left), "%s %s", words[i].word, words[i].usage);
        if (strlen(left) > 34) {
            fprintf(out, "  %s\n", left);
            left[0] = '\0';
        }
        fprintf(out, "  %-34s %s\n", left, words[i].help);
    }
    fputs("  WORD [WORD] ARGUMENTS              A subcommand of an enabled plugin; `hearth inspect "
          "ID` shows"
          " them\n\n"
          "  --config FILE, --data-dir DIR, --plugin-dir DIR, --with ID, --without ID,\n"
          "  --set KEY=VALUE                    As for hearthd; words after -- are left alone\n"
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

/* How many words of the command line are this command's name; 0: it is another one. */
static size_t words_matched(const command_line *line, const char *name)
{
    size_t count = 0;
    while (*name) {
        size_t len = strcspn(name, " ");
        if (count == line->count || strlen(line->words[count]) != len ||
            strncmp(line->words[count], name, len) != 0)
            return 0;
        count++;
        name += len + (name[len] == ' ');
    }
    return count;
}

static bool take_timeout(tool *t, const char *text)
{
    int64_t ms;
    if (text && conf_duration(str_from(text), &ms) && ms >= 1000 && ms <= 86400000) {
        t->timeout_ms = (uint64_t)ms;
        return true;
    }
    tool_fail(TOOL_USAGE, "--timeout: expected a duration of 1s to 24h, found %s",
              text ? text : "nothing");
    return false;
}

/* One option of a command of our own; how many words it was, 0 after a sentence. */
static size_t take_option(const command_line *line, size_t at, const char *usage, tool *t)
{
    const char *word = line->words[at];
    if (strcmp(word, "--json") == 0) {
        t->json = true;
        return 1;
    }
    if (strcmp(word, "--overwrite") == 0 && strstr(usage, "--overwrite")) {
        t->overwrite = true;
        return 1;
    }
    if (strncmp(word, "--timeout=", 10) == 0 && strstr(usage, "--timeout"))
        return take_timeout(t, word + 10) ? 1 : 0;
    if (strcmp(word, "--timeout") == 0 && strstr(usage, "--timeout"))
        return take_timeout(t, at + 1 < line->count ? line->words[at + 1] : NULL) ? 2 : 0;
    tool_fail(TOOL_USAGE, "unknown option %s", word);
    return 0;
}

/* Takes the options out of the words of a command of our own; false: one is wrong. */
static bool take_options(command_line *line, const char *usage, tool *t)
{
    size_t kept = 0;
    bool plain = false;
    for (size_t i = 0; i < line->count;) {
        const char *word = line->words[i];
        bool option = !plain && word[0] == '-';
        plain = plain || strcmp(word, "--") == 0;
        size_t taken = !option || plain ? 1 : take_option(line, i, usage, t);
        if (taken == 0)
            return false;
        if (!option)
            line->words[kept++] = word;
        i += taken;
    }
    line->count = kept;
    return true;
}

static int run_word(command_line *line)
{
    tool t = {&line->host.options, line->words, line->count, false, false, 60000};
    for (size_t i = 0; i < HEARTH_COUNT(words); i++) {
        size_t matched = words_matched(line, words[i].word);
        /* The suite's own plugin has the bare words as its subcommand, for a live host. */
        bool bare = matched > 1 && (line->count == matched || line->words[matched][0] == '-');
        if (matched == 0 || (bare && words[i].run == tool_conformance_storage))
            continue;
        if (!take_options(line, words[i].usage, &t))
            return TOOL_USAGE;
        t.args += matched;
        t.count = line->count - matched;
        if (t.count < words[i].min || t.count > words[i].max)
            return tool_fail(TOOL_USAGE, "usage: hearth %s %s", words[i].word, words[i].usage);
        return words[i].run(&t);
    }
    for (size_t i = 0; i < HEARTH_COUNT(words) && line->count == 1; i++) {
        size_t len = strlen(line->words[0]);
        if (strncmp(words[i].word, line->words[0], len) == 0 && words[i].word[len] == ' ')
            return tool_fail(TOOL_USAGE, "usage: hearth %s %s", words[i].word, words[i].usage);
    }
    return tool_subcommand(&t);
}

static bool asks_for_help(const command_line *line)
{
    for (size_t i = 0; i < line->count && strcmp(line->words[i], "--") != 0; i++)
        if (strcmp(line->words[i], "--help") == 0 ||
            (i == 0 && strcmp(line->words[i], "help") == 0))
            return true;
    return false;
}

int main(int argc, char **argv)
{
    descriptors_fill_standard();
    command_line line = {.count = 0};
    host_argv_init(&line.host);
    int status = read_command_line(&line, argc, argv);
    const char *first = line.count > 0 ? line.words[0] : "";
    if (status == TOOL_OK && asks_for_help(&line)) {
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
