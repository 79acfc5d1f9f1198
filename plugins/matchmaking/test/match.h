/*
 * match.h - a session that its instance reports about.
 */
#ifndef MATCHMAKING_MATCH_H
#define MATCHMAKING_MATCH_H

#include "plugin_fixture.h"

#define LOOT(hero_, item_, count_)                                                                 \
    "{\"type\":\"loot\",\"characterId\":\"" hero_ "\",\"itemId\":" #item_ ",\"quantity\":" #count_ \
    "}"
#define NOTHING "\"events\":[]"
#define VICTORY "\"outcome\":\"victory\",\"events\":[]"

struct match {
    char instance[64], session[64];
};

/* With Alice's hero in it. */
static inline struct match match_begin(struct world *world)
{
    struct match match;
    keep(register_at(world, 7000), match.instance);
    keep(open_session(world), match.session);
    return match;
}

static inline hearth_test_call *match_updates(struct world *world, const struct match *match,
                                              unsigned sequence, const char *rest)
{
    return report_as(world, match->instance, match->session, "updates", sequence, rest);
}

static inline hearth_test_call *match_end(struct world *world, const struct match *match,
                                          unsigned sequence, const char *rest)
{
    return report_as(world, match->instance, match->session, "end", sequence, rest);
}

#endif
