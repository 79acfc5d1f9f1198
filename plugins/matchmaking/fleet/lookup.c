/*
 * lookup.c - one instance as storage has it now, without the view. A session's id begins as its
 * instance's does, so that no index of sessions has to be kept: its instance is found by prefix.
 */
#include "fleet.h"

#include <stdlib.h>
#include <string.h>

struct lookup {
    struct mm_loop *loop;
    char id[HEARTH_UUID_SIZE];
    void (*session)(hearth_status status, const struct instance *instance,
                    const struct game_session *session, void *arg);
    void (*instance)(hearth_status status, const struct instance *instance, void *arg);
    void *arg;
};

static struct instance *read_doc(struct mm_loop *loop, const hearth_doc *doc, hearth_status *status)
{
    hearth_arena *arena = loop->arena->create(loop->ctx, DOCUMENT_ARENA);
    *status = HEARTH_ENOMEM;
    struct instance *instance =
        arena ? instance_read(doc->body, loop->api.json, arena, status) : NULL;
    loop->arena->destroy(arena);
    return instance;
}

/* What is out of memory or cannot be reached may be asked for again. */
static hearth_status answer_of(hearth_status status)
{
    if (status == HEARTH_OK || status == HEARTH_ENOTFOUND)
        return status;
    return status == HEARTH_EINTERNAL ? HEARTH_EINTERNAL : HEARTH_EUNAVAILABLE;
}

static void on_page(hearth_status status, const hearth_doc *const *docs, size_t count,
                    hearth_str cursor, void *arg)
{
    struct lookup *lookup = arg;
    struct instance *instance = NULL;
    const struct game_session *session = NULL;
    (void)cursor; /* ids share 48 random bits: one page holds every instance with this prefix */
    for (size_t i = 0; status == HEARTH_OK && i < count && !session; i++) {
        instance_destroy(instance);
        instance = read_doc(lookup->loop, docs[i], &status);
        session = instance ? instance_session(instance, lookup->id) : NULL;
    }
    if (status == HEARTH_OK && !session)
        status = HEARTH_ENOTFOUND;
    status = answer_of(status);
    lookup->session(status, status == HEARTH_OK ? instance : NULL, session, lookup->arg);
    instance_destroy(instance);
    free(lookup);
}

void lookup_session(struct mm_loop *loop, const char *game_sim,
                    void (*done)(hearth_status status, const struct instance *instance,
                                 const struct game_session *session, void *arg),
                    void *arg)
{
    struct lookup *lookup = calloc(1, sizeof(*lookup));
    if (!lookup) {
        done(HEARTH_EUNAVAILABLE, NULL, NULL, arg);
        return;
    }
    *lookup = (struct lookup){.loop = loop, .session = done, .arg = arg};
    memcpy(lookup->id, game_sim, sizeof(lookup->id));
    char bucket[2] = {game_sim[0], 0};
    hearth_str prefix = {game_sim, ID_PREFIX};
    loop->storage->query(loop->storage_ctx, HEARTH_STR(COLLECTION_INSTANCES), str_of(bucket),
                         prefix, 10, HEARTH_STR(""), on_page, lookup);
}

static void on_doc(hearth_status status, const hearth_doc *doc, void *arg)
{
    struct lookup *lookup = arg;
    struct instance *instance = status == HEARTH_OK ? read_doc(lookup->loop, doc, &status) : NULL;
    lookup->instance(answer_of(status), instance, lookup->arg);
    instance_destroy(instance);
    free(lookup);
}

void lookup_instance(struct mm_loop *loop, const char *id,
                     void (*done)(hearth_status status, const struct instance *instance, void *arg),
                     void *arg)
{
    struct lookup *lookup = calloc(1, sizeof(*lookup));
    char bucket[2];
    hearth_key key = instance_key(id, bucket);
    if (!lookup) {
        done(HEARTH_EUNAVAILABLE, NULL, arg);
        return;
    }
    *lookup = (struct lookup){.loop = loop, .instance = done, .arg = arg};
    loop->storage->get(loop->storage_ctx, &key, on_doc, lookup);
}
