/*
 * state.h - a character in its three forms: the rules' struct, the JSON that clients are shown
 * (made once per change and then only copied), and the document in storage.
 */
#ifndef HEARTH_CHARACTERS_STATE_H
#define HEARTH_CHARACTERS_STATE_H

#include <hearth/json.h>
#include <hearth/plugin.h>

#include "rules/rules.h"

#define STATE_BODY_VERSION 1
#define STATE_TEXT_SIZE    16384 /* of either text; a full inventory takes half of it */
#define STATE_MAX_SOURCES  8
#define STATE_ID_SIZE      64 /* of a source or a holder, with NUL */

/* Whose reports a character has already applied, and up to where. */
struct character_source {
    char id[STATE_ID_SIZE];
    uint64_t sequence;
};

/* What the server remembers with a character and clients are not shown. */
struct character_private {
    uint32_t source_count;
    struct character_source sources[STATE_MAX_SOURCES]; /* the oldest first */
    char holder[STATE_ID_SIZE];                         /* the session that it sits in, or empty */
};

/* The state that entities keeps: one piece of memory, read only. */
struct character_state {
    struct character character;
    const struct character_source *sources;
    uint32_t source_count;
    uint32_t size;      /* of the whole piece */
    const char *holder; /* "" for none */
    hearth_str json;    /* as clients are shown it */
    hearth_str etag;    /* "\"5\"" */
};

/* [any] Writes "2026-11-21T01:00:00Z"; hearth_clock.rfc3339. */
typedef void (*state_date)(int64_t wall_ms, char out[HEARTH_RFC3339_SIZE]);

/* [any] NULL: out of memory. */
struct character_state *state_create(const struct character *c,
                                     const struct character_private *hidden, hearth_str user,
                                     uint64_t version, state_date date);
/* [any] NULL is fine. */
void state_destroy(struct character_state *state);

/* [any] A copy to change. */
void state_private(const struct character_state *state, struct character_private *out);

/* [any] The document for storage, into `buffer`; {NULL, 0} when it does not fit. */
hearth_str state_document(const struct character *c, const struct character_private *hidden,
                          char buffer[STATE_TEXT_SIZE]);

/* [loop] Reads a document. EINVAL: it is not one that state_document made. */
hearth_status state_read(const hearth_json *json, const hearth_json_value *document,
                         struct character_draft *c,
                         struct character_private *hidden) HEARTH_MUST_CHECK;

/* [any] "1d8+2", "1d4", "1d4-1", "1+3", "0". */
#define STATE_DAMAGE_SIZE 48
void state_damage(const struct character_attack *attack, char out[STATE_DAMAGE_SIZE]);

#endif
