/*
 * collection.c - what entities needs to know of characters: how a document becomes a state, and the
 * next state in both of its forms.
 */
#include "plugin.h"

#include <string.h>

#define DECODE_CEILING ((size_t)256 * 1024)

static hearth_status decode(void *owner, const hearth_key *key, uint64_t version, hearth_str body,
                            void **state, size_t *state_size)
{
    struct characters_loop *loop = owner;
    const hearth_json_value *document = NULL;
    struct character_draft draft;
    struct character_private hidden;
    struct character_state *made = NULL;
    hearth_arena *arena = loop->arena->create(loop->ctx, DECODE_CEILING);
    if (!arena)
        return HEARTH_ENOMEM;
    hearth_status status = loop->api.json->parse(arena, body, &document, NULL);
    if (status == HEARTH_OK)
        status = state_read(loop->api.json, document, &draft, &hidden);
    if (status == HEARTH_OK && key->sort.len >= sizeof(draft.character.id))
        status = HEARTH_EINVAL;
    if (status == HEARTH_OK) {
        memcpy(draft.character.id, key->sort.ptr, key->sort.len);
        made =
            state_create(&draft.character, &hidden, key->partition, version, loop->clock->rfc3339);
        status = made ? HEARTH_OK : HEARTH_ENOMEM;
    }
    loop->arena->destroy(arena);
    if (status != HEARTH_OK)
        return status;
    *state = made;
    *state_size = made->size;
    return HEARTH_OK;
}

static void release(void *owner, void *state)
{
    (void)owner;
    state_destroy(state);
}

hearth_status collection_define(struct characters_loop *loop)
{
    const hearth_collection collection = {
        .struct_size = sizeof(collection),
        .body_version = STATE_BODY_VERSION,
        .name = COLLECTION_CHARACTERS,
        .owner = loop,
        .decode = decode,
        .release = release,
    };
    return loop->entities->define(loop->entities_ctx, &collection);
}

static uint32_t below(void *source, uint32_t bound)
{
    struct characters_loop *loop = source;
    return loop->random->below(loop->ctx, bound);
}

struct rules_dice collection_dice(struct characters_loop *loop)
{
    return (struct rules_dice){below, loop};
}

hearth_status collection_next(struct characters_loop *loop, const struct character *c,
                              const struct character_private *hidden, hearth_str user,
                              uint64_t version, char buffer[STATE_TEXT_SIZE],
                              hearth_entity_next *next)
{
    hearth_str body = state_document(c, hidden, buffer);
    struct character_state *state =
        body.ptr ? state_create(c, hidden, user, version, loop->clock->rfc3339) : NULL;
    if (!state)
        return HEARTH_ENOMEM;
    *next = (hearth_entity_next){
        .struct_size = sizeof(*next), .body = body, .state = state, .state_size = state->size};
    return HEARTH_OK;
}
