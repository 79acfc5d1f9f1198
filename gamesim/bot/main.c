/*
 * main.c - hearth-bot: the command line, one run, the tally.
 * Exit status: 0 if every player was admitted and nothing unexpected happened, 1 otherwise, 2 for
 * unusable options.
 */
#include "bot/options.h"

#include <signal.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    static struct tally tally;
    struct bot_options options;
    char text[256];
    signal(SIGPIPE, SIG_IGN);
    const char *wrong = bot_options_read(&options, argc, argv, text);
    if (wrong) {
        fprintf(stderr, "hearth-bot: %s\n", wrong);
        return 2;
    }
    if (options.help) {
        fputs(bot_options_usage, stdout);
        return 0;
    }
    hearth_status status = fleet_run(&options.fleet, &tally);
    tally_print(&tally, options.json);
    return status == HEARTH_OK ? 0 : 1;
}
