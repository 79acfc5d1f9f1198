/*
 * events.h - what a report says happened, event by event, as it was read from its body.
 */
#ifndef MATCHMAKING_EVENTS_H
#define MATCHMAKING_EVENTS_H

#include "../plugin.h"

#define EVENTS_MAX     1000 /* of one report */
#define EVENT_CODE_MAX 48

struct event {
    char character[HEARTH_UUID_SIZE];
    hearth_character_change change; /* kind 0: an `event`, recorded only */
    hearth_str name;                /* of an `event` */
    char code[EVENT_CODE_MAX];      /* why it was rejected; empty: applied */
};

struct events {
    struct event *items;
    struct event **order; /* by character, each one's in the order of the report */
    size_t count;
};

/* Reads the list strictly; what it makes lives in the request's arena. `list` may be NULL: no
 * events. False: answered with 400 (or 413). [loop] */
bool events_read(const body_api *api, const hearth_arena_api *arena, hearth_req *req,
                 const hearth_json_value *list, struct events *events);

#endif
