/*
 * manifest.h - reads what a plugin file says of itself without running any of it.
 * The file may be anything: a truncated download, another machine's library, an attack. It is read
 * with bounds checked at every step, and never mapped or executed here.
 */
#ifndef HEARTH_PLUGIN_MANIFEST_H
#define HEARTH_PLUGIN_MANIFEST_H

#include <stdbool.h>

#include <hearth/plugin.h>

#include "base/error.h"

/* Where bytes come from: a file, or memory in tests and in the fuzzer. */
typedef struct manifest_source {
    /* Exactly `size` bytes from `offset`; false when they are not there. */
    bool (*read)(void *arg, uint64_t offset, void *to, size_t size);
    void *arg;
    uint64_t size;
} manifest_source;

/* `name` stands for the file in sentences. EINVAL: not a plugin, or a damaged one. */
HEARTH_MUST_CHECK hearth_status manifest_read(const manifest_source *source, const char *name,
                                              hearth_manifest *out, hearth_error *error);

/* The same of a regular file. ENOTFOUND: there is none. */
HEARTH_MUST_CHECK hearth_status manifest_read_file(const char *path, hearth_manifest *out,
                                                   hearth_error *error);

/* Whether this host can load it: same major, minor not newer. The sentence names both and the
 * cure. */
HEARTH_MUST_CHECK hearth_status manifest_check_abi(const hearth_manifest *manifest,
                                                   hearth_error *error);

/* [a-z0-9] first, then [a-z0-9.-], at most 63 bytes. */
bool manifest_id_is_valid(const char *id);

#endif
