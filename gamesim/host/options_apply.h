/*
 * options_apply.h - one setting of hearth-gamesim as text, wherever it was written.
 */
#ifndef HOST_OPTIONS_APPLY_H
#define HOST_OPTIONS_APPLY_H

#include "host/options.h"

enum {
    OPTION_LISTEN = 1,
    OPTION_PUBLIC,
    OPTION_KEY,
    OPTION_PROTOCOL,
    OPTION_SLOTS,
    OPTION_LIFETIME,
    OPTION_GAMEDATA,
    OPTION_METRICS,
    OPTION_METADATA,
    OPTION_CA,
    OPTION_REGION,
    OPTION_DATA_DIR,
    OPTION_CONFIG,
    OPTION_STANDALONE,
    OPTION_HELP,
    OPTION_COUNT
};

/* NULL, or one sentence that names the option and what it expects. */
const char *options_apply(struct options *out, int option, const char *value);

#endif
