/* desc.c - reads a descriptor by the sizes it names. See desc.h. */
#include "plugin/desc.h"

#include <string.h>

#include "base/str.h"
#include "plugin/desc_check.h"

/* Without tables and row sizes it is no descriptor; the functions may be missing. */
#define FIRST_DESC_SIZE offsetof(hearth_plugin_desc, check)

/* A table of any kind: which member of the descriptor, how large a row is here, what it ends on. */
typedef struct table_kind {
    const char *name;
    size_t member;   /* offset of the pointer in hearth_plugin_desc */
    size_t row_size; /* offset of the uint16_t in hearth_plugin_desc */
    size_t ours;     /* sizeof the row here */
    size_t first;    /* what a row must at least have; the rest is zero in older plugins */
    size_t count;    /* offset of the count in plugin_desc */
} table_kind;

#define TABLE(name_, type_, size_, last_, count_)                                                  \
    {                                                                                              \
#name_, offsetof(hearth_plugin_desc, name_), offsetof(hearth_plugin_desc, size_),          \
            sizeof(type_), offsetof(type_, last_) + sizeof(((type_ *)0)->last_),                   \
            offsetof(plugin_desc, count_)                                                          \
    }

static const table_kind tables[] = {
    TABLE(uses, hearth_use, use_size, min_size, use_count),
    TABLE(provides, hearth_provide, provide_size, table, provide_count),
    TABLE(config, hearth_conf_field, conf_field_size, help, conf_count),
    TABLE(routes, hearth_route, route_size, affinity, route_count),
    TABLE(hooks, hearth_hook, hook_size, handler, hook_count),
    TABLE(metrics, hearth_metric, metric_size, help, metric_count),
    TABLE(commands, hearth_command, command_size, run, command_count),
};

static bool is_zero(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i])
            return false;
    }
    return true;
}

static hearth_status copy_table(const table_kind *kind, const char *who, hearth_arena *arena,
                                plugin_desc *out, hearth_error *error)
{
    const char *from;
    uint16_t stride;
    memcpy(&from, (char *)&out->head + kind->member, sizeof(from));
    memcpy(&stride, (char *)&out->head + kind->row_size, sizeof(stride));
    if (!from)
        return HEARTH_OK;
    if (stride < kind->first)
        return error_set(error, HEARTH_EINVAL,
                         "%s: damaged descriptor: rows of `%s`: expected at least %zu bytes, found "
                         "%u",
                         who, kind->name, kind->first, stride);
    size_t count = 0;
    while (!is_zero(from + count * stride, kind->first)) {
        if (++count > PLUGIN_MAX_ROWS)
            return error_set(error, HEARTH_EINVAL,
                             "%s: table `%s`: expected a row of zeros within %d rows, found none",
                             who, kind->name, PLUGIN_MAX_ROWS);
    }
    char *copy = arena_calloc(arena, count + 1, kind->ours);
    if (!copy)
        return error_set(error, HEARTH_ENOMEM, "%s: out of memory", who);
    size_t bytes = stride < kind->ours ? stride : kind->ours;
    for (size_t i = 0; i < count; i++)
        memcpy(copy + i * kind->ours, from + i * stride, bytes);
    memcpy((char *)&out->head + kind->member, &copy, sizeof(copy));
    memcpy((char *)out + kind->count, &count, sizeof(count));
    return HEARTH_OK;
}

/* The descriptor must say what the file's manifest said before any code of it was mapped. */
static hearth_status check_identity(const hearth_plugin_desc *head, const hearth_manifest *manifest,
                                    hearth_error *error)
{
    if (!head->id || !head->version || strcmp(head->id, manifest->id) != 0 ||
        strcmp(head->version, manifest->version) != 0 || head->abi_major != manifest->abi_major ||
        head->abi_minor != manifest->abi_minor)
        return error_set(
            error, HEARTH_EINVAL,
            "%s %s: manifest and descriptor differ: the descriptor says %s %s, SDK %u.%u",
            manifest->id, manifest->version, head->id ? head->id : "(no id)",
            head->version ? head->version : "(no version)", head->abi_major, head->abi_minor);
    return HEARTH_OK;
}

hearth_status plugin_desc_read(const hearth_plugin_desc *from, const hearth_manifest *manifest,
                               hearth_arena *arena, plugin_desc *out, hearth_error *error)
{
    memset(out, 0, sizeof(*out));
    if (from->magic != HEARTH_ABI_MAGIC || from->struct_size < FIRST_DESC_SIZE)
        return error_set(error, HEARTH_EINVAL,
                         "%s: damaged descriptor: expected magic 0x%08x and at least %zu bytes, "
                         "found 0x%08x and %u",
                         manifest->id, HEARTH_ABI_MAGIC, FIRST_DESC_SIZE, from->magic,
                         from->struct_size);
    size_t size = from->struct_size < sizeof(out->head) ? from->struct_size : sizeof(out->head);
    memcpy(&out->head, from, size);
    out->head.struct_size = sizeof(out->head);
    hearth_status status = check_identity(&out->head, manifest, error);
    for (size_t i = 0; status == HEARTH_OK && i < HEARTH_COUNT(tables); i++)
        status = copy_table(&tables[i], manifest->id, arena, out, error);
    if (status == HEARTH_OK)
        status = plugin_desc_check(out, error);
    return status;
}
