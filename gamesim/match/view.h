/*
 * view.h - the simulation's state and events as clients get to see them.
 */
#ifndef MATCH_VIEW_H
#define MATCH_VIEW_H

#include "sim/sim.h"
#include "wire/wire.h"

void view_snapshot(struct wire_snapshot *out, const struct sim *sim);
void view_event(struct wire_event *out, const struct sim *sim, const struct sim_event *event);

#endif
