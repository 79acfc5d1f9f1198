/*
 * options_file.h - --config FILE: the same settings as the command line, and those that only a file
 * has (capacity, timeouts).
 */
#ifndef HOST_OPTIONS_FILE_H
#define HOST_OPTIONS_FILE_H

#include "host/options.h"

/* Texts that are empty were not given; paths are absolute. */
struct options_file {
    char metadata[1024], listen[64], public_address[64], region[64], metrics[64], gamedata[4096];
};

/* Fills capacity and timeouts of `out` (path NULL: with their defaults) and the texts of `file`.
 * EINVAL with what is wrong, one line each, in `error`. */
HEARTH_MUST_CHECK hearth_status options_file_read(struct options *out, struct options_file *file,
                                                  const char *path, char error[512]);

#endif
