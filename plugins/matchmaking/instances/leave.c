/*
 * leave.c - how an instance goes: DELETE /gamesim-instances/{id} by itself, and POST .../drain by
 * an operator, who wants it to finish what it runs and to go then.
 */
#include "errand.h"

#include "../fleet/holds.h"
#include "../fleet/address.h"

#include <stdlib.h>

static void on_address_forgotten(void *arg)
{
    errand_done(arg);
}

static enum verdict apply_gone(struct change *change, struct instance *draft, int64_t now_ms)
{
    (void)change;
    return instance_finish(draft, INSTANCE_GONE, now_ms) ? CHANGED : UNCHANGED;
}

/* Its sessions have ended as lost, by its state alone. A repeat does the rest again. */
static void on_gone(struct change *change, hearth_status status, const struct instance *now)
{
    struct errand *errand = (struct errand *)change;
    if (status != HEARTH_OK) {
        errand_fail(errand, status);
        return;
    }
    holds_release_instance(errand->loop, now);
    address_forget(errand->loop, now, on_address_forgotten, errand);
}

static void deregister(struct errand *errand)
{
    errand->change.apply = apply_gone;
    errand->change.done = on_gone;
    fleet_change(errand->loop->fleet, errand->id, &errand->change);
}

hearth_status handle_deregister(hearth_ctx *ctx, hearth_req *req)
{
    struct errand *errand = errand_create(sizeof(*errand));
    if (!errand)
        return HEARTH_ENOMEM;
    if (body_read_id(&mm_loop_of(ctx)->api, req, "id", errand->id))
        return errand_start_own(ctx, req, errand, deregister);
    errand->destroy(errand);
    return HEARTH_OK;
}

static enum verdict apply_drain(struct change *change, struct instance *draft, int64_t now_ms)
{
    (void)change;
    (void)now_ms;
    if (instance_is_final(draft) || draft->drain)
        return UNCHANGED;
    draft->drain = true;
    return CHANGED;
}

static void on_drain(struct change *change, hearth_status status, const struct instance *now)
{
    struct errand *errand = (struct errand *)change;
    if (status == HEARTH_OK && instance_is_final(now))
        status = HEARTH_ENOTFOUND;
    if (status == HEARTH_OK)
        errand_done(errand);
    else
        errand_fail(errand, status);
}

static void drain(struct errand *errand)
{
    errand->change.apply = apply_drain;
    errand->change.done = on_drain;
    fleet_change(errand->loop->fleet, errand->id, &errand->change);
}

hearth_status handle_drain(hearth_ctx *ctx, hearth_req *req)
{
    struct mm_loop *loop = mm_loop_of(ctx);
    struct errand *errand = errand_create(sizeof(*errand));
    static const body_field none[1];
    body_value values[1];
    if (!errand)
        return HEARTH_ENOMEM;
    if (body_read_id(&loop->api, req, "id", errand->id) &&
        body_read(&loop->api, req, none, 0, BODY_MAY_BE_EMPTY, values))
        return errand_start(ctx, req, errand, drain);
    errand->destroy(errand);
    return HEARTH_OK;
}
