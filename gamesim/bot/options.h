/*
 * options.h - the command line of hearth-bot.
 */
#ifndef BOT_OPTIONS_H
#define BOT_OPTIONS_H

#include "bot/fleet.h"

struct bot_options {
    struct fleet_options fleet; /* strings are those of argv */
    bool json, help;
};

extern const char bot_options_usage[];

/* NULL, or one sentence that says what is wrong, perhaps in `text`. */
const char *bot_options_read(struct bot_options *out, int argc, char **argv, char text[256]);

#endif
