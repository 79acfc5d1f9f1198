/*
 * address.c - see address.h.
 */
#include "address.h"

#include "netcode_address.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOLDER_ARENA 65536u

static const char *join(const char *address, unsigned port, char out[ADDRESS_TEXT_SIZE])
{
    const char *form = strchr(address, ':') ? "[%s]:%u" : "%s:%u";
    snprintf(out, ADDRESS_TEXT_SIZE, form, address, port);
    return out;
}

/* Clients cannot be sent to port 0, nor to "any address". */
static bool parse(const char *text, netcode_address *out)
{
    return netcode_address_parse(out, text) == HEARTH_OK && out->port > 0 &&
           !netcode_address_is_any(out);
}

static bool copy(hearth_str text, char out[INSTANCE_ADDRESS_SIZE])
{
    if (text.len == 0 || text.len >= INSTANCE_ADDRESS_SIZE || memchr(text.ptr, 0, text.len))
        return false;
    memcpy(out, text.ptr, text.len);
    out[text.len] = 0;
    return true;
}

bool address_read_with_port(hearth_str text, char out[INSTANCE_ADDRESS_SIZE])
{
    char given[INSTANCE_ADDRESS_SIZE];
    netcode_address address;
    _Static_assert(INSTANCE_ADDRESS_SIZE >= NETCODE_ADDRESS_TEXT, "an address is cut");
    if (!copy(text, given) || !parse(given, &address))
        return false;
    netcode_address_format(&address, out);
    return true;
}

bool address_read(hearth_str text, uint16_t port, char out[INSTANCE_ADDRESS_SIZE])
{
    char given[INSTANCE_ADDRESS_SIZE], joined[ADDRESS_TEXT_SIZE], canonical[NETCODE_ADDRESS_TEXT];
    netcode_address address;
    if (!copy(text, given) || !parse(join(given, port, joined), &address))
        return false;
    netcode_address_format(&address, canonical);
    bool is_ipv6 = canonical[0] == '[';
    const char *end = strrchr(canonical, is_ipv6 ? ']' : ':');
    size_t len = (size_t)(end - canonical) - is_ipv6;
    memcpy(out, canonical + is_ipv6, len);
    out[len] = 0;
    return true;
}

void address_make_id(struct mm_loop *loop, struct instance *instance)
{
    char text[ADDRESS_TEXT_SIZE];
    unsigned char hash[crypto_generichash_BYTES];
    join(instance->address, instance->port, text);
    crypto_generichash(hash, sizeof(hash), (const unsigned char *)text, strlen(text), NULL, 0);
    loop->random->uuid(loop->ctx, instance->id);
    instance->id[0] = BUCKETS[hash[0] % (sizeof(BUCKETS) - 1)];
}

hearth_key address_key(const struct instance *instance, char bucket[2],
                       char text[ADDRESS_TEXT_SIZE])
{
    bucket[0] = instance->id[0];
    bucket[1] = 0;
    return (hearth_key){HEARTH_STR(COLLECTION_ADDRESSES), str_of(bucket),
                        str_of(join(instance->address, instance->port, text))};
}

void address_body(const struct instance *instance, char out[HEARTH_UUID_SIZE + 16])
{
    snprintf(out, HEARTH_UUID_SIZE + 16, "{\"instance\":\"%s\"}", instance->id);
}

bool address_holder(struct mm_loop *loop, hearth_str body, char out[HEARTH_UUID_SIZE])
{
    const hearth_json *json = loop->api.json;
    const hearth_json_value *root = NULL, *id = NULL;
    hearth_arena *arena = loop->arena->create(loop->ctx, HOLDER_ARENA);
    if (arena && json->parse(arena, body, &root, NULL) == HEARTH_OK)
        id = json->get(root, "instance");
    bool good = id && body_uuid(json->as_string(id), out);
    loop->arena->destroy(arena);
    return good;
}

/* ---- forgetting ---- */

struct forgetting {
    struct mm_loop *loop;
    struct hearth_key key;
    char id[HEARTH_UUID_SIZE], bucket[2], text[ADDRESS_TEXT_SIZE];
    void (*done)(void *arg);
    void *arg;
};

static void end(struct forgetting *forgetting)
{
    forgetting->done(forgetting->arg);
    free(forgetting);
}

static void on_deleted(const hearth_storage_result *const *results, size_t count, void *arg)
{
    (void)results;
    (void)count;
    end(arg);
}

static void on_found(hearth_status status, const hearth_doc *doc, void *arg)
{
    struct forgetting *forgetting = arg;
    struct mm_loop *loop = forgetting->loop;
    char holder[HEARTH_UUID_SIZE];
    if (status != HEARTH_OK || !address_holder(loop, doc->body, holder) ||
        strcmp(holder, forgetting->id) != 0) {
        end(forgetting);
        return;
    }
    const hearth_storage_op op = {.struct_size = sizeof(op),
                                  .action = HEARTH_DELETE,
                                  .condition = HEARTH_IF_VERSION,
                                  .base_version = doc->version,
                                  .doc = {.struct_size = sizeof(op.doc), .key = forgetting->key}};
    const hearth_storage_op *ops[] = {&op};
    loop->storage->write(loop->storage_ctx, ops, 1, on_deleted, forgetting);
}

void address_forget(struct mm_loop *loop, const struct instance *instance, void (*done)(void *arg),
                    void *arg)
{
    struct forgetting *forgetting = calloc(1, sizeof(*forgetting));
    if (!forgetting) {
        done(arg);
        return;
    }
    forgetting->loop = loop;
    forgetting->done = done;
    forgetting->arg = arg;
    strcpy(forgetting->id, instance->id);
    forgetting->key = address_key(instance, forgetting->bucket, forgetting->text);
    loop->storage->get(loop->storage_ctx, &forgetting->key, on_found, forgetting);
}
