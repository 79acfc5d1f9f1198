/*
 * subcommand.c - runs a plugin's own subcommand, in the live hearthd or in a host made for it, and
 * gives it standard input: what is piped in, or a password typed without echo when it asks.
 */
#include "tool.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"

/* Output is held back until it is known that the command did not stop to ask for input. */
typedef struct output {
    hearth_buf text; /* pieces: stream, length, bytes */
    bool lost;
} output;

typedef struct piece {
    int stream;
    size_t len;
} piece;

static void keep_output(void *arg, int stream, hearth_str text)
{
    output *out = arg;
    piece head = {stream, text.len};
    if (buf_append(&out->text, &head, sizeof(head)) != HEARTH_OK ||
        buf_append_str(&out->text, text) != HEARTH_OK)
        out->lost = true;
}

static void write_output(const output *out)
{
    for (size_t at = 0; at + sizeof(piece) <= out->text.len;) {
        piece head;
        memcpy(&head, out->text.ptr + at, sizeof(head));
        at += sizeof(head);
        if (head.len > out->text.len - at)
            break;
        fwrite(out->text.ptr + at, 1, head.len, head.stream == 2 ? stderr : stdout);
        at += head.len;
    }
    if (out->lost)
        tool_fail(TOOL_FAILED, "some of the output was too long and is missing");
}

/* ---- input ---------------------------------------------------------------------------------- */

static int read_all(hearth_buf *input)
{
    for (;;) {
        char part[8192];
        ssize_t len = read(STDIN_FILENO, part, sizeof(part));
        if (len < 0)
            return tool_fail(TOOL_FAILED, "cannot read standard input");
        if (len == 0)
            return TOOL_OK;
        if (buf_append(input, part, (size_t)len) != HEARTH_OK)
            return tool_fail(TOOL_FAILED, "standard input is longer than %u bytes",
                             CONTROL_MAX_INPUT);
    }
}

/* Whether reading would not wait for somebody: a file, or a pipe with something in it or closed. */
static bool input_is_there(void)
{
    struct stat info;
    if (isatty(STDIN_FILENO) || fstat(STDIN_FILENO, &info) != 0)
        return false;
    struct pollfd ready = {.fd = STDIN_FILENO, .events = POLLIN};
    return S_ISREG(info.st_mode) || poll(&ready, 1, 0) > 0;
}

static bool read_line(const char *prompt, char *line, size_t size)
{
    fputs(prompt, stderr);
    fflush(stderr);
    bool there = fgets(line, (int)size, stdin) != NULL;
    fputc('\n', stderr);
    if (there)
        line[strcspn(line, "\n")] = '\0';
    return there;
}

static int ask_password(hearth_buf *input)
{
    struct termios before, silent;
    char first[1024] = "", second[1024] = "";
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return tool_fail(TOOL_FAILED, "cannot turn off the terminal's echo");
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) != 0)
        return tool_fail(TOOL_FAILED, "cannot turn off the terminal's echo");
    bool both = read_line("Password: ", first, sizeof(first)) &&
                read_line("Again: ", second, sizeof(second));
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    int status = TOOL_OK;
    if (!both)
        status = tool_fail(TOOL_FAILED, "no password was given");
    else if (strcmp(first, second) != 0)
        status = tool_fail(TOOL_FAILED, "the two passwords differ");
    else if (buf_append(input, first, strlen(first)) != HEARTH_OK)
        status = tool_fail(TOOL_FAILED, "out of memory");
    explicit_bzero(first, sizeof(first));
    explicit_bzero(second, sizeof(second));
    return status;
}

/* ---- the command ---------------------------------------------------------------------------- */

typedef struct attempt {
    const tool *t;
    hearth_str args[CONTROL_MAX_ARGS];
    hearth_buf input;
    bool has_input;
} attempt;

/* One run; *asked: it wants input that it was not given, and has changed nothing. */
static int run_once(attempt *a, bool *asked)
{
    output out = {.lost = false};
    buf_init(&out.text, 64u * 1024 * 1024);
    control_command command = {a->args, a->t->count, a->has_input, buf_str(&a->input)};
    control_result result = {TOOL_FAILED, false};
    hearth_error error;
    error_clear(&error);
    hearth_status status =
        host_command(a->t->options, &command, keep_output, &out, &result, &error);
    *asked = status == HEARTH_OK && result.asked_for_input && !a->has_input;
    if (!*asked)
        write_output(&out);
    buf_finish(&out.text);
    return status == HEARTH_OK ? result.exit_status : tool_fail_with(status, &error);
}

int tool_subcommand(const tool *t)
{
    attempt a = {.t = t};
    bool asked = false;
    for (size_t i = 0; i < t->count; i++)
        a.args[i] = str_from(t->args[i]);
    buf_init(&a.input, CONTROL_MAX_INPUT);
    int status = TOOL_OK;
    if (input_is_there()) {
        a.has_input = true;
        status = read_all(&a.input);
    }
    if (status == TOOL_OK)
        status = run_once(&a, &asked);
    if (asked) {
        a.has_input = true;
        status = isatty(STDIN_FILENO) ? ask_password(&a.input) : read_all(&a.input);
        if (status == TOOL_OK)
            status = run_once(&a, &asked);
    }
    if (a.input.base)
        explicit_bzero(a.input.base, a.input.capacity);
    buf_finish(&a.input);
    return status;
}
