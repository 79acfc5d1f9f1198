/*
 * conf.h - from YAML files to checked structs, by the schema tables that plugins and the host
 * share. One table parses a file, rejects unknown keys with a suggestion, prints the reference and
 * tells which keys a reload may change. Everything here is [main].
 *
 * The way of a configuration: conf_read every file into an arena, conf_fill each schema's struct
 * from its file and the overrides, conf_overrides_finish, then look at errors->count: 0, or
 * nothing of it is used.
 */
#ifndef HEARTH_CONF_CONF_H
#define HEARTH_CONF_CONF_H

#include <hearth/plugin.h>

#include "base/arena.h"
#include "base/buf.h"
#include "json/writer.h"

#define CONF_FILE_MAX   ((size_t)1 << 20)
#define CONF_DEPTH_MAX  16
#define CONF_SECRET_MAX ((size_t)64 << 10)
#define CONF_ERRORS_MAX 20

/* ---- errors --------------------------------------------------------------------------------- */

/* Where something stands: file:line:column, or only a name ("--set loops") when line is 0. */
typedef struct conf_place {
    const char *file;
    uint32_t line, column;
} conf_place;

/* What is wrong, as whole lines. They live in the arena; those past the maximum are counted. */
typedef struct conf_errors {
    hearth_arena *arena;
    const char *lines[CONF_ERRORS_MAX];
    size_t count; /* of lines */
    size_t more;  /* found besides */
} conf_errors;

void conf_errors_init(conf_errors *errors, hearth_arena *arena);
/* "file:line:column: key: text"; the text reads "expected ..., found ...". key may be NULL. */
void conf_errors_add(conf_errors *errors, conf_place place, const char *key, const char *fmt, ...)
    HEARTH_PRINTF(4, 5);

/* ---- documents ------------------------------------------------------------------------------ */

typedef enum conf_kind { CONF_SCALAR, CONF_SEQUENCE, CONF_MAPPING } conf_kind;

/* A piece of YAML. Children of a mapping have a key, those of a sequence have none. */
typedef struct conf_node {
    conf_kind kind;
    bool quoted;     /* a scalar in quotes is a text, whatever it looks like */
    hearth_str text; /* of a scalar, NUL-terminated, without a NUL inside */
    conf_place place;
    hearth_str key;
    conf_place key_place;
    struct conf_node *first, *next; /* children, in the order written */
} conf_node;

typedef struct conf_doc {
    const char *file;      /* as given */
    const char *directory; /* that file: and include: are relative to */
    const conf_node *root; /* a mapping; empty for an empty file */
} conf_doc;

/*
 * Reads a file of at most 1 MiB. Refused, with an error added and NULL returned: what is not one
 * YAML mapping in UTF-8; duplicate keys, anchors, aliases and tags; tabs as indentation; nesting
 * deeper than 16. The document lives as long as the arena.
 */
const conf_doc *conf_read(hearth_arena *arena, const char *path, conf_errors *errors);
/* The same; but if the path is a link, what the file says is relative to the folder of the file
 * that the link leads to. */
const conf_doc *conf_read_link(hearth_arena *arena, const char *path, conf_errors *errors);
/* The same from memory; `file` names it in errors. */
const conf_doc *conf_parse(hearth_arena *arena, const char *file, hearth_str text,
                           conf_errors *errors);

/* A child of a mapping, or NULL. */
const conf_node *conf_child(const conf_node *mapping, hearth_str key);

/* Where "services.storage" stands in the document; the nearest thing that is there otherwise. */
conf_place conf_locate(const conf_doc *doc, const char *path);

/*
 * The files that `pattern` (a path with *, ? and [], relative to `directory`) matches, sorted, at
 * most 256. An error is added, and an empty list returned, when there are more or a directory
 * cannot be read; a pattern without a match is no error, a name without a file is one.
 */
hearth_conf_list conf_glob(hearth_arena *arena, const char *directory, const char *pattern,
                           conf_place place, conf_errors *errors);

/* ---- schemas -------------------------------------------------------------------------------- */

struct conf_group;

/* A table of fields as in <hearth/plugin.h>, and what only the host has: lists of maps. */
typedef struct conf_schema {
    const hearth_conf_field *fields; /* ends with HEARTH_CONF_END; NULL: none */
    size_t field_size;               /* of a row, as the plugin was compiled */
    size_t size;                     /* of the struct that is filled */
    const struct conf_group *groups; /* ends with key NULL; NULL: none */
} conf_schema;

/* `listen: [{address: ..., tls: ...}]`: filled as a conf_group_list of item structs. */
typedef struct conf_group {
    const char *key;
    const conf_schema *item;
    uint32_t flags; /* HEARTH_CONF_REQUIRED: at least one; HEARTH_CONF_RELOADABLE */
    size_t max;     /* items */
    size_t offset;  /* of the conf_group_list */
    const char *help;
} conf_group;

typedef struct conf_group_list {
    const void *items; /* count structs of item->size bytes, one behind the other */
    size_t count;
} conf_group_list;

/* "15m" as milliseconds; false: it is no duration. */
bool conf_duration(hearth_str text, int64_t *ms);

/* Bytes that the value of a field takes in its struct; 0: no such type. */
size_t conf_value_size(hearth_conf_type type);

/* Row number `index`, or NULL at the end. */
const hearth_conf_field *conf_field_at(const conf_schema *schema, size_t index);

/*
 * Whether the table itself is sound: types, offsets inside the struct, choices, help, defaults
 * that the field itself would accept. Errors name `section` as their place. conf_fill needs a
 * sound table; a plugin's is checked when it is loaded.
 */
bool conf_schema_check(const conf_schema *schema, const char *section, conf_errors *errors);

/* ---- overrides ------------------------------------------------------------------------------ */

#define CONF_OVERRIDES_MAX 64

/* --set KEY=VALUE. KEY is a key of the host, of one of its maps (services.storage), or a plugin's
 * id and its key (auth.registration). Lists are written a,b or [a, b]. */
typedef struct conf_override {
    const char *place; /* "--set auth.registration" */
    hearth_str key, value;
    bool used;
} conf_override;

typedef struct conf_overrides {
    conf_override items[CONF_OVERRIDES_MAX];
    size_t count;
} conf_overrides;

/* `argument` is KEY=VALUE and is copied. False: an error was added. */
bool conf_overrides_add(conf_overrides *overrides, hearth_arena *arena, const char *argument,
                        conf_errors *errors);
/* After every conf_fill: an error for each override that no schema took. */
void conf_overrides_finish(const conf_overrides *overrides, conf_errors *errors);

/* ---- filling -------------------------------------------------------------------------------- */

/* Where values come from; overrides win over the document, the document over defaults. */
typedef struct conf_source {
    const conf_doc *doc;       /* NULL: no file */
    const char *section;       /* the plugin's id; "" for the host */
    conf_overrides *overrides; /* NULL: none */
} conf_source;

/*
 * A struct in the arena with every field set, secrets resolved; NULL and errors added when
 * anything is wrong. Strings in it are NUL-terminated. Secrets are wiped when the arena ends.
 */
const void *conf_fill(hearth_arena *arena, const conf_schema *schema, const conf_source *source,
                      conf_errors *errors);

/* ---- comparing and describing --------------------------------------------------------------- */

/*
 * The keys that differ between two structs of one schema: `reloadable` ones apply, any other
 * refuses the reload. fn is called for each in the order of the table.
 */
typedef void (*conf_change_fn)(void *arg, const char *key, bool reloadable);
void conf_diff(const conf_schema *schema, const void *before, const void *after, conf_change_fn fn,
               void *arg);

/* "an integer from 1 to 65535", "one of closed, open": what a field takes, in words. */
void conf_describe(const hearth_conf_field *field, char *out, size_t size);
const char *conf_type_name(hearth_conf_type type);

/* The table for people, one line per key. HEARTH_ENOMEM at the buffer's ceiling. */
HEARTH_MUST_CHECK hearth_status conf_print_text(const conf_schema *schema, hearth_buf *out);
/* An array of objects: key, type, default, expected, required, secret, reloadable, help. */
void conf_print_json(const conf_schema *schema, hearth_json_writer *out);

#endif
