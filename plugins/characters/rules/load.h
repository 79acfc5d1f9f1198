/*
 * load.h - the steps of ruleset_load: one function per file, each given JSON that fits its schema.
 */
#ifndef HEARTH_CHARACTERS_RULES_LOAD_H
#define HEARTH_CHARACTERS_RULES_LOAD_H

#include <jansson.h>

#include "ruleset.h"

struct load {
    const char *folder;
    const char *file; /* being read: "items" */
    char *error;      /* RULESET_ERROR_SIZE */
    struct ruleset *rules;
};

/* Writes "folder/file.json: " and the sentence; always -1. */
int load_refuse(struct load *load, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* 0, or -1 after load_refuse. Races and classes come after the items that they name. */
int load_items(struct load *load, const json_t *root);
int load_races(struct load *load, const json_t *root);
int load_classes(struct load *load, const json_t *root);
int load_names(struct load *load, const json_t *root);
int load_rules(struct load *load, const json_t *root);

/* The place of a word in a list that ends with NULL; the schema has said that it is there. */
int load_word(const json_t *word, const char *const *words);
extern const char *const load_abilities[]; /* "strength", ... NULL */
void load_abilities_of(const json_t *object, int32_t out[ABILITY_COUNT]);
void load_copy(char *out, size_t size, const json_t *text);

#endif
