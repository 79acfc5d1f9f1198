/*
 * listing.h - all entities of one user, from memory once they are all there.
 */
#ifndef ENTITIES_LISTING_H
#define ENTITIES_LISTING_H

#include "entity.h"

typedef void (*listing_fn)(hearth_status status, const hearth_entity *const *entities, size_t count,
                           void *arg);

hearth_status service_list(hearth_ctx *ctx, hearth_str collection, hearth_str partition,
                           listing_fn done, void *arg);

#endif
