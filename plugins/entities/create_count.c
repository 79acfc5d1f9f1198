/*
 * create_count.c - how many entities a user may have. Judged after the receipt, so that a repeated
 * request is answered as the first was, and before anything is claimed.
 */
#include "create_internal.h"
#include "listing.h"

/* Those of the same user that are on their way and not in the list yet. */
static size_t on_their_way(const struct create *create)
{
    struct list *creates = &create->local->creates;
    size_t count = 0;

    for (struct list *n = creates->next; n != creates; n = n->next) {
        const struct create *other = CONTAINER_OF(n, struct create, node);
        count += other != create && other->counted && other->collection == create->collection &&
                 str_equal(create_key(other)->partition, create_key(create)->partition);
    }
    return count;
}

static void counted(hearth_status status, const hearth_entity *const *entities, size_t count,
                    void *arg)
{
    struct create *create = arg;
    (void)entities;

    if (status != HEARTH_OK) {
        create_finish(create, status, NULL);
    } else if (count + on_their_way(create) >= create->max_entities) {
        create_end(create, HEARTH_CREATE_FULL, 0);
    } else {
        create->counted = true;
        create_take_claims(create);
    }
}

void create_begin(struct create *create)
{
    if (create->max_entities == 0) {
        create_take_claims(create);
        return;
    }
    hearth_status status = service_list(create->local->ctx, create_key(create)->collection,
                                        create_key(create)->partition, counted, create);
    if (status < 0)
        create_finish(create, status, NULL);
}
