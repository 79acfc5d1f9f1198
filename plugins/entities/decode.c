/*
 * decode.c - from a stored document to the state that a collection works with.
 */
#include "entity.h"

#include <stdlib.h>

static hearth_status upgrade(struct entity *entity, uint32_t from, struct decoded *out)
{
    const hearth_collection *def = &entity->collection->def;

    for (; from < def->body_version; from++) {
        hearth_str next = {NULL, 0};
        if (!def->upgrade ||
            def->upgrade(def->owner, from, out->body, out->arena, &next) != HEARTH_OK)
            return HEARTH_EINTERNAL;
        out->body = next;
    }
    return HEARTH_OK;
}

static hearth_status refuse(struct local *local, struct entity *entity, struct decoded *out,
                            const char *why)
{
    hearth_key key = entity->view.key;
    shared_of(local->ctx)
        ->log->write(local->ctx, NULL, HEARTH_LOG_ERROR,
                     "%" HEARTH_PRIS "/%" HEARTH_PRIS "/%" HEARTH_PRIS " cannot be read: %s",
                     HEARTH_ARG(key.collection), HEARTH_ARG(key.partition), HEARTH_ARG(key.sort),
                     why);
    free(out->receipts);
    out->receipts = NULL;
    decoded_free(local, out);
    return HEARTH_EINTERNAL;
}

void decoded_free(struct local *local, struct decoded *decoded)
{
    if (decoded->arena)
        shared_of(local->ctx)->arena->destroy(decoded->arena);
    decoded->arena = NULL;
}

hearth_status decode_body(struct local *local, struct entity *entity, uint64_t version,
                          hearth_str body, struct decoded *out)
{
    const hearth_collection *def = &entity->collection->def;
    struct envelope envelope;
    bool ok = false;
    *out = (struct decoded){0};

    if (envelope_open(body, &envelope))
        out->receipts = receipts_parse(envelope.receipts, &ok);
    if (!ok)
        return refuse(local, entity, out, "expected an envelope with bodyVersion and state");
    out->body = envelope.state;
    if (envelope.body_version > def->body_version)
        return refuse(local, entity, out, "its body version is newer than this plugin's");
    if (envelope.body_version < def->body_version) {
        out->arena = shared_of(local->ctx)->arena->create(local->ctx, 16 * HEARTH_STORAGE_MAX_BODY);
        if (!out->arena || upgrade(entity, envelope.body_version, out) != HEARTH_OK)
            return refuse(local, entity, out, "it cannot be upgraded");
    }
    if (def->decode(def->owner, &entity->view.key, version, out->body, &out->state, &out->size) <
            0 ||
        !out->state)
        return refuse(local, entity, out, "its collection refuses the body");
    return HEARTH_OK;
}

hearth_status entity_decode(struct local *local, struct entity *entity, uint64_t version,
                            hearth_str body)
{
    struct decoded decoded;
    hearth_status status = decode_body(local, entity, version, body, &decoded);

    if (status == HEARTH_OK) {
        entity_show(local, entity, version, decoded.state, decoded.size, decoded.receipts);
        entity->print = 0;
        decoded_free(local, &decoded);
    }
    return status;
}
