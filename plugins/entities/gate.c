/*
 * gate.c - between the start and the first contact with storage, calls wait instead of failing, for
 * a moment; while another data directory holds the lease they fail at once. In mode shared also
 * reads need the lease: somebody in mode exclusive may know better than storage.
 */
#include "entity.h"

static void go(struct local *local, struct parked *parked)
{
    bool open = local->gate == GATE_OPEN && (!mode_shared(local->ctx) || lease_held(local->ctx));
    parked->go(local->ctx, parked, open ? HEARTH_OK : HEARTH_EUNAVAILABLE);
}

void gate_pass(struct local *local, struct parked *parked)
{
    if (local->gate == GATE_WAITING)
        list_append(&local->parked, &parked->node);
    else
        go(local, parked);
}

void gate_set(struct local *local, enum gate gate)
{
    struct list waiting, *node;

    local->gate = gate;
    if (gate == GATE_WAITING)
        return;
    shared_of(local->ctx)->timer->stop(local->gate_timer);
    local->gate_timer = NULL;
    list_init(&waiting);
    list_splice(&waiting, &local->parked);
    while ((node = list_pop(&waiting)))
        go(local, CONTAINER_OF(node, struct parked, node));
}
