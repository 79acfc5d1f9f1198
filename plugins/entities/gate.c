/*
 * gate.c - between the start and the first contact with storage, calls wait instead of failing, for
 * a moment; while another data directory holds the lease they fail at once.
 */
#include "entity.h"

void gate_pass(struct local *local, struct parked *parked)
{
    if (local->gate == GATE_WAITING)
        list_append(&local->parked, &parked->node);
    else
        parked->go(local->ctx, parked, local->gate == GATE_OPEN ? HEARTH_OK : HEARTH_EUNAVAILABLE);
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
    while ((node = list_pop(&waiting))) {
        struct parked *parked = CONTAINER_OF(node, struct parked, node);
        parked->go(local->ctx, parked, gate == GATE_OPEN ? HEARTH_OK : HEARTH_EUNAVAILABLE);
    }
}
