/*
 * fuzz_manifest.c - any bytes as a plugin file: the reader stays inside them, and what it accepts
 * is a manifest that can be printed and compared.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plugin/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct memory {
    const uint8_t *data;
    size_t size;
} memory;

static bool read_memory(void *arg, uint64_t offset, void *to, size_t size)
{
    const memory *m = arg;
    if (offset > m->size || size > m->size - offset)
        abort(); /* the reader checks before it asks */
    memcpy(to, m->data + offset, size);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory m = {data, size};
    manifest_source source = {read_memory, &m, size};
    hearth_manifest manifest;
    hearth_error error;
    error_clear(&error);
    if (manifest_read(&source, "fuzz", &manifest, &error) == HEARTH_OK) {
        if (!manifest_id_is_valid(manifest.id) ||
            strnlen(manifest.version, sizeof(manifest.version)) == sizeof(manifest.version))
            abort();
        (void)!manifest_check_abi(&manifest, &error);
    } else if (error.text[0] == '\0') {
        abort();
    }
    return 0;
}
