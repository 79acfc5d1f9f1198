/*
 * entities_script.h - the scripted service of plugin_fixture.h.
 */
#ifndef CHARACTERS_TEST_ENTITIES_SCRIPT_H
#define CHARACTERS_TEST_ENTITIES_SCRIPT_H

#include "plugin_fixture.h"

extern const hearth_entities entities_script;
void entities_script_reset(void);
/* Frees every state; while the plugin still runs. */
void entities_script_empty(void);

#endif
