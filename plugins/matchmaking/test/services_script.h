/*
 * services_script.h - a scripted hearth.identity/1, and a scripted hearth.characters/1 that
 * remembers which reports it has, as the real one does in its documents. Both are provided with a
 * struct world (plugin_fixture.h), which says what they do.
 */
#ifndef MATCHMAKING_SERVICES_SCRIPT_H
#define MATCHMAKING_SERVICES_SCRIPT_H

#include <hearth/service/characters.h>
#include <hearth/service/identity.h>

extern const hearth_identity_service identity_script;
extern const hearth_characters characters_script;

#endif
