/*
 * choose.h - where a new session goes, and where somebody who searches may find an open one. The
 * view decides, the write of the instance's document has the last word.
 */
#ifndef MATCHMAKING_CHOOSE_H
#define MATCHMAKING_CHOOSE_H

#include "view.h"

struct wish {
    char region[INSTANCE_NAME_SIZE];
    uint32_t wire_version; /* 0: any */
};

/* An instance with room for another session, by policy and weights; NULL: none is known. After a
 * conflict (`anywhere`) one of the next best, at random. */
struct entry *choose_room(struct fleet *fleet, const struct wish *wish, bool anywhere);
/* An instance with an open session, the fullest of the first few; NULL: none is known. */
struct entry *choose_open(struct fleet *fleet, const struct wish *wish);
/* The session of this instance that somebody who searches is put into; NULL: none is open. */
struct game_session *choose_session(const struct instance *instance);

#endif
