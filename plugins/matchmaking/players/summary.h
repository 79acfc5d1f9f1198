/*
 * summary.h - a game session as players see it.
 */
#ifndef MATCHMAKING_SUMMARY_H
#define MATCHMAKING_SUMMARY_H

#include "../plugin.h"

struct summary {
    const char *id, *region, *state;
    enum outcome outcome; /* NONE: it runs */
    const struct member *members;
    uint32_t member_count;
    const struct instance *instance; /* for members only; or NULL */
};

/* Borrows from both; without the instance's address. [any] */
struct summary summary_of(const struct instance *instance, const struct game_session *session);

/* As the next JSON value. [loop] */
void summary_write(const struct summary *summary, const hearth_json *json,
                   hearth_json_writer *writer);

#endif
