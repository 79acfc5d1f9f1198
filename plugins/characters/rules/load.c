/*
 * load.c - reads a folder of rule data into a snapshot, or says in one sentence why not.
 */
#include "load.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema.h"

const char *const load_abilities[] = {
    "strength", "dexterity", "constitution", "intelligence", "wisdom", "charisma", NULL};

enum { FILE_RULES, FILE_ITEMS, FILE_RACES, FILE_CLASSES, FILE_NAMES, FILE_COUNT };

static const struct {
    const char *name;
    int (*load)(struct load *load, const json_t *root);
} files[FILE_COUNT] = {
    [FILE_RULES] = {"rules", load_rules}, [FILE_ITEMS] = {"items", load_items},
    [FILE_RACES] = {"races", load_races}, [FILE_CLASSES] = {"classes", load_classes},
    [FILE_NAMES] = {"names", load_names},
};

int load_refuse(struct load *load, const char *fmt, ...)
{
    va_list args;
    int len = snprintf(load->error, RULESET_ERROR_SIZE, "%s/%s.json: ", load->folder, load->file);
    if (len < 0 || len >= RULESET_ERROR_SIZE)
        return -1;
    va_start(args, fmt);
    vsnprintf(load->error + len, RULESET_ERROR_SIZE - (size_t)len, fmt, args);
    va_end(args);
    return -1;
}

int load_word(const json_t *word, const char *const *words)
{
    for (int i = 0; words[i]; i++) {
        if (strcmp(json_string_value(word), words[i]) == 0)
            return i;
    }
    return -1;
}

void load_abilities_of(const json_t *object, int32_t out[ABILITY_COUNT])
{
    for (int i = 0; i < ABILITY_COUNT; i++)
        out[i] = (int32_t)json_integer_value(json_object_get(object, load_abilities[i]));
}

void load_copy(char *out, size_t size, const json_t *text)
{
    snprintf(out, size, "%s", json_string_value(text));
}

static json_t *read_checked(struct load *load)
{
    char path[4096], sentence[RULESET_ERROR_SIZE / 2];
    json_error_t error;
    snprintf(path, sizeof(path), "%s/%s.json", load->folder, load->file);
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        if (error.line < 0)
            load_refuse(load, "expected a readable file, found: %s", error.text);
        else
            load_refuse(load, "line %d, column %d: expected readable JSON, found: %s", error.line,
                        error.column, error.text);
        return NULL;
    }
    json_t *schema = schema_builtin(load->file);
    if (!schema || schema_check(schema, root, sentence, sizeof(sentence)) != 0) {
        load_refuse(load, "%s", schema ? sentence : "out of memory");
        json_decref(root);
        root = NULL;
    }
    json_decref(schema);
    return root;
}

/* FNV-1a, folded to 32 bits: tells two states of the data apart whose author forgot the version. */
static uint32_t digest(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return (uint32_t)(hash ^ hash >> 32);
}

/* What clients may see: everything but the block list. */
static int publish(struct load *load, json_t *const roots[FILE_COUNT])
{
    struct ruleset *rules = load->rules;
    json_t *version = json_object_get(roots[FILE_RULES], "version");
    json_t *out = json_pack("{s:O, s:O, s:O, s:O, s:O, s:O, s:O}", "version", version, "name",
                            json_object_get(roots[FILE_RULES], "name"), "attribution",
                            json_object_get(roots[FILE_RULES], "attribution"), "experience",
                            json_object_get(roots[FILE_RULES], "experience"), "races",
                            json_object_get(roots[FILE_RACES], "races"), "classes",
                            json_object_get(roots[FILE_CLASSES], "classes"), "items",
                            json_object_get(roots[FILE_ITEMS], "items"));
    char *text = json_dumps(out, JSON_COMPACT);
    if (!text) {
        json_decref(out);
        return load_refuse(load, "out of memory");
    }
    snprintf(rules->version, sizeof(rules->version), "%.20s-%08x", json_string_value(version),
             (unsigned)digest(text));
    free(text);
    json_object_set_new(out, "version", json_string(rules->version));
    rules->published = json_dumps(out, JSON_COMPACT);
    json_decref(out);
    if (!rules->published)
        return load_refuse(load, "out of memory");
    rules->published_len = strlen(rules->published);
    return 0;
}

struct ruleset *ruleset_load(const char *folder, int64_t coin_ceiling,
                             char error[RULESET_ERROR_SIZE])
{
    json_t *roots[FILE_COUNT] = {NULL};
    struct load load = {.folder = folder, .error = error, .file = files[0].name};
    int failed = 0;
    load.rules = calloc(1, sizeof(*load.rules));
    if (!load.rules) {
        load_refuse(&load, "out of memory");
        return NULL;
    }
    load.rules->coin_ceiling = coin_ceiling;
    for (int i = 0; i < FILE_COUNT && !failed; i++) {
        load.file = files[i].name;
        roots[i] = read_checked(&load);
        failed = !roots[i] || files[i].load(&load, roots[i]) != 0;
    }
    if (!failed)
        failed = publish(&load, roots) != 0;
    for (int i = 0; i < FILE_COUNT; i++)
        json_decref(roots[i]);
    if (!failed)
        return load.rules;
    ruleset_destroy(load.rules);
    return NULL;
}
