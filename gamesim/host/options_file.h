/*
 * options_file.h - --config FILE: the same settings as the command line, and those that only a file
 * has (capacity, timeouts, a token from elsewhere than the environment).
 */
#ifndef HOST_OPTIONS_FILE_H
#define HOST_OPTIONS_FILE_H

#include "host/options.h"

/* Applies what the file (NULL: none, defaults only) says and no option has said; `seen` is by
 * OPTION_ number and grows. NULL, or what is wrong, perhaps in `error`: one line for each mistake
 * in the file. */
const char *options_file_apply(struct options *out, const char *path, bool *seen, char error[512]);

#endif
