/*
 * plugin.h - what a plugin is: one exported descriptor, a flat manifest, and tables of everything
 * that the host or a tool can check before any plugin code runs.
 *
 * RULES, never broken inside one HEARTH_ABI_MAJOR
 *   - A struct that crosses the boundary starts with struct_size (after magic in descriptor and
 *     manifest) and only grows at its end; newer members are read through HEARTH_HAS().
 *   - Rows of the descriptor's tables carry no size of their own: the descriptor names each table's
 *     row size, so rows may grow at their end too. Every table ends with a row of zeros.
 *   - Enum values and string ids are never reused.
 *   - Strings are UTF-8. A `const char *` in a table is NUL-terminated and lives as long as the
 * .so.
 *
 * Threads and ownership tags are defined in types.h. Plugins are trusted code and never unloaded.
 */
#ifndef HEARTH_PLUGIN_H
#define HEARTH_PLUGIN_H

#include <hearth/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEARTH_ABI_MAGIC 0x31545248u /* "HRT1" */
#define HEARTH_ABI_MAJOR 1u
#define HEARTH_ABI_MINOR 0u

typedef struct hearth_req hearth_req;     /* one HTTP request: http.h */
typedef struct hearth_arena hearth_arena; /* memory that lives as long as its request: arena.h */
typedef struct hearth_cmd hearth_cmd;     /* one run of a subcommand: command.h */
typedef struct hearth_host hearth_host;

#define HEARTH_LOOP_MAIN 0xffffffffu

/*
 * One plugin on one loop. The host makes one per loop and one for [main]; every callback receives
 * the one it belongs to. The plugin writes `shared` (in open) and `state` (in start) and reads the
 * rest.
 */
typedef struct hearth_ctx {
    uint32_t struct_size;
    uint32_t loop;  /* 0 .. loops-1, or HEARTH_LOOP_MAIN in check, open and close */
    uint32_t loops; /* how many loops this process runs */
    uint32_t reserved;
    const hearth_host *host;
    const void *conf; /* the plugin's filled config struct, immutable. A reload replaces the pointer
                         between two callbacks; an older one stays valid until close. */
    void *shared;     /* the plugin's, one per process: set in open, copied to every loop's ctx */
    void *state;      /* the plugin's, one per loop: set in start */
} hearth_ctx;

/* Health of a component of a plugin, as GET /health/ready shows it. */
typedef enum hearth_health {
    HEARTH_HEALTHY = 0,
    HEARTH_DEGRADED = 1, /* serving goes on, something is missing: 200 with "status":"degraded" */
    HEARTH_NOT_READY = 2 /* do not send traffic here: 503 */
} hearth_health;

/* The host as every plugin sees it; everything else is behind get(). */
struct hearth_host {
    uint32_t struct_size;
    uint16_t abi_major;
    uint16_t abi_minor;

    /* A host interface or another plugin's service that is declared in `uses`. NULL when it is not
     * declared, absent, or smaller than min_size; a required one is never NULL from open on. The
     * table is immutable and valid until close. [main, loop] */
    const void *(*get)(hearth_ctx *ctx, const char *id, size_t min_size);

    /* The provider's own context on the caller's loop, to be passed as the first argument of the
     * service's functions. NULL when get() would be, and for host interfaces, which take the
     * caller's own ctx. Valid from start until stop; in open it is the provider's [main] ctx. */
    hearth_ctx *(*provider)(hearth_ctx *ctx, const char *id);

    /* Reports the health of one component ("storage", "journal"), replacing what this loop reported
     * of it before; the worst report of any loop counts. `reason` is one sentence, copied. [any] */
    void (*health)(hearth_ctx *ctx, const char *component, hearth_health state, const char *reason);

    /* Ends a drain that answered HEARTH_DEFERRED; exactly once. [loop] */
    void (*drained)(hearth_ctx *ctx);

    /* data_dir as an absolute path, valid until close. [any] */
    hearth_str (*data_dir)(hearth_ctx *ctx);
};

/* ---- services ------------------------------------------------------------------------------- */

enum { HEARTH_REQUIRED = 0, HEARTH_OPTIONAL = 1 };

/* A host interface or service that the plugin needs: refused at load, never at call time. */
typedef struct hearth_use {
    const char *id;  /* "hearth.storage/1" */
    size_t min_size; /* sizeof the table the plugin was compiled with */
    uint32_t flags;  /* HEARTH_REQUIRED or HEARTH_OPTIONAL */
    uint32_t reserved;
} hearth_use;

/* A service that the plugin offers. The table is immutable; its first member is struct_size. */
typedef struct hearth_provide {
    const char *id;
    const void *table;
} hearth_provide;

/* ---- configuration -------------------------------------------------------------------------- */

typedef enum hearth_conf_type {
    HEARTH_CONF_END = 0,
    HEARTH_CONF_STR = 1,      /* hearth_str, also NUL-terminated */
    HEARTH_CONF_INT = 2,      /* int64_t */
    HEARTH_CONF_BOOL = 3,     /* uint32_t, 0 or 1 */
    HEARTH_CONF_DURATION = 4, /* int64_t milliseconds; written 250ms, 10s, 15m, 24h, 7d */
    HEARTH_CONF_SIZE = 5,     /* int64_t bytes; written 512, 64k, 10m, 1g (powers of 1024) */
    HEARTH_CONF_ENUM = 6,     /* uint32_t index into choices */
    HEARTH_CONF_LIST = 7,     /* hearth_conf_list of strings */
    HEARTH_CONF_MAP = 8       /* hearth_conf_map of strings */
} hearth_conf_type;

enum {
    HEARTH_CONF_REQUIRED = 1,   /* no default: the operator must write it */
    HEARTH_CONF_SECRET = 2,     /* env:NAME or file:path only; never shown */
    HEARTH_CONF_RELOADABLE = 4, /* SIGHUP may change it; a change of any other key is refused */
    HEARTH_CONF_PATH =
        8 /* STR only: a relative path is relative to the directory of the file that
             the key is in (or would be in), and arrives absolute; empty stays empty */
};

typedef struct hearth_conf_list {
    const hearth_str *items;
    size_t count;
} hearth_conf_list;

typedef struct hearth_conf_pair {
    hearth_str key, value;
} hearth_conf_pair;

typedef struct hearth_conf_map {
    const hearth_conf_pair *items; /* in the order written */
    size_t count;
} hearth_conf_map;

/* One key of the plugin's file in plugins.d/. */
typedef struct hearth_conf_field {
    const char *key;
    hearth_conf_type type;
    uint32_t flags;
    size_t offset;       /* of the value in the plugin's config struct */
    const char *def;     /* the default as an operator would write it; NULL: required, or empty */
    int64_t min, max;    /* inclusive; INT, DURATION, SIZE; 0, 0: unbounded. STR, LIST: length */
    const char *choices; /* ENUM: "closed|open" */
    const char *help;    /* one line, without a full stop */
} hearth_conf_field;

/* ---- routes and hooks ----------------------------------------------------------------------- */

/* Answers a request: HEARTH_OK after a reply, HEARTH_DEFERRED after hearth_http.defer, or a
 * negative status, which becomes the one JSON error shape, one log line and one metric. Anything
 * else is the plugin's mistake: logged, and answered 500. [loop] */
typedef hearth_status (*hearth_handler)(hearth_ctx *ctx, hearth_req *req);

typedef enum hearth_access {
    HEARTH_PUBLIC = 0,         /* no token is looked at */
    HEARTH_BEARER = 1,         /* a valid token, any scope */
    HEARTH_SCOPE = 2,          /* a valid token with the route's scope, else 403 */
    HEARTH_BEARER_OPTIONAL = 3 /* identified when a token is sent; the handler decides */
} hearth_access;

typedef enum hearth_affinity {
    HEARTH_AFFINITY_ANY = 0, /* runs on the connection's loop */
    HEARTH_AFFINITY_USER = 1 /* runs on the user's home loop; implied by any access but PUBLIC */
} hearth_affinity;

typedef struct hearth_route {
    const char *method; /* "GET" also answers HEAD */
    const char *path;   /* "/characters/{id}/rest": a parameter is a whole segment */
    hearth_handler handler;
    hearth_access access;
    hearth_affinity affinity;
    const char *scope;   /* HEARTH_SCOPE: the scope; several, separated by spaces: any of them */
    uint32_t max_body;   /* bytes; 0: the host's limit */
    uint32_t timeout_ms; /* of a deferral; 0: the host's default */
    const char *help;    /* one line for the OpenAPI document; NULL: it says nothing of the route */
} hearth_route;

/* The fixed phases of a request that a plugin may add to. */
typedef enum hearth_phase {
    HEARTH_PHASE_END = 0,
    HEARTH_PHASE_IDENTIFY = 1, /* connection's loop: token -> identity (hearth_http.identify) */
    HEARTH_PHASE_LIMIT = 2,    /* home loop, before the handler: is this session alive, this rate
                                  allowed? */
    HEARTH_PHASE_REPLY = 3,    /* before the head is written; may add headers; cannot refuse */
    HEARTH_PHASE_LOG = 4       /* connection's loop, after the reply was written; read only */
} hearth_phase;

/* Runs in its phase for every route but PUBLIC ones (REPLY, LOG: for all), ordered by (order,
 * plugin id). HEARTH_OK goes on; a hook that replied, answered a negative status, or deferred ends
 * or holds the request as a handler would; after a deferral hearth_http.complete goes on unless it
 * replied. */
typedef struct hearth_hook {
    hearth_phase phase;
    int32_t order; /* smaller runs first */
    hearth_handler handler;
} hearth_hook;

/* ---- metrics -------------------------------------------------------------------------------- */

typedef enum hearth_metric_kind {
    HEARTH_METRIC_END = 0,
    HEARTH_COUNTER = 1,
    HEARTH_GAUGE = 2,
    HEARTH_HISTOGRAM = 3
} hearth_metric_kind;

/* A metric family. Used by its index in this table through hearth.metrics/1. */
typedef struct hearth_metric {
    const char *name; /* "hearth_auth_logins_total", Prometheus naming; no other plugin's */
    hearth_metric_kind kind;
    uint32_t max_series; /* ceiling of label combinations, 0: 64; past it they count as "other" */
    const char *unit;    /* "seconds", "bytes", or NULL */
    const char *help;    /* one line */
    const double
        *buckets; /* HISTOGRAM: upper bounds, growing, bucket_count of them, without +Inf */
    size_t bucket_count;
    const char *labels; /* names separated by spaces, at most 4, or NULL */
} hearth_metric;

/* ---- subcommands ---------------------------------------------------------------------------- */

/*
 * A subcommand of the `hearth` tool, e.g. "account add". Runs on loop 0 of the live host through
 * data_dir/control.sock, or in a host that the tool starts with the services but no listener.
 * Answers HEARTH_OK, HEARTH_DEFERRED (then hearth_command.finish), or a negative status, which the
 * tool shows as one sentence, exit status 1.
 */
typedef struct hearth_command {
    const char *name;  /* one or two words of [a-z0-9-]; no other plugin's */
    const char *usage; /* "NAME [--scope admin]" */
    const char *help;  /* one line */
    hearth_status (*run)(hearth_ctx *ctx, hearth_cmd *cmd); /* [loop] */
} hearth_command;

/* ---- manifest and descriptor ---------------------------------------------------------------- */

/* Flat, in its own ELF section .hearth_manifest: read without running any code of the plugin. */
typedef struct hearth_manifest {
    uint32_t magic;       /* HEARTH_ABI_MAGIC */
    uint32_t struct_size; /* sizeof(hearth_manifest) */
    uint16_t abi_major;
    uint16_t abi_minor;
    uint32_t reserved;
    char id[64];      /* [a-z0-9.-], NUL-padded */
    char version[32]; /* semantic version, NUL-padded */
} hearth_manifest;

/*
 * The order of calls: check, open, start on every loop, (requests), drain on every loop, stop on
 * every loop, close. Each is optional. A provider is opened before and closed after its users. A
 * failing open or start ends the process with exit status 1 after undoing what succeeded.
 */
typedef struct hearth_plugin_desc {
    uint32_t magic;       /* HEARTH_ABI_MAGIC */
    uint32_t struct_size; /* sizeof(hearth_plugin_desc) when the plugin was compiled */
    uint16_t abi_major;
    uint16_t abi_minor;
    uint32_t reserved;
    const hearth_manifest *manifest;
    const char *id;      /* "auth"; outside this repository "com.studio.auth" */
    const char *version; /* the plugin's semantic version */

    /* Row sizes, filled in by HEARTH_PLUGIN. */
    uint16_t use_size, provide_size, conf_field_size, route_size;
    uint16_t hook_size, metric_size, command_size, reserved_size;

    const char *summary; /* one sentence */
    const hearth_use *uses;
    const hearth_provide *provides;
    const hearth_conf_field *config;
    size_t config_size; /* sizeof the config struct */
    const hearth_route *routes;
    const hearth_hook *hooks;
    const hearth_metric *metrics;
    const hearth_command *commands;

    /* Is this configuration acceptable? Pure, without side effects; also run by `hearth check` and
     * before a reload. Writes one sentence into err when it refuses. [main] */
    hearth_status (*check)(const void *conf, char *err, size_t err_size);
    /* Once per process: immutable shared state. HEARTH_OK, or a failure. [main] */
    hearth_status (*open)(hearth_ctx *ctx);
    /* Once per loop, before any request: this loop's own state. HEARTH_OK, or a failure: there is
     * no HEARTH_DEFERRED; what takes longer is told by host->health(). [loop] */
    hearth_status (*start)(hearth_ctx *ctx);
    /* Finish what is in flight and flush. HEARTH_OK: done; HEARTH_DEFERRED: host->drained() will be
     * called. Users drain before their providers; the services used still work. [loop] */
    hearth_status (*drain)(hearth_ctx *ctx);
    /* Frees this loop's state. Nothing of this plugin is called on this loop afterwards. [loop] */
    void (*stop)(hearth_ctx *ctx);
    /* Frees shared state. [main] */
    void (*close)(hearth_ctx *ctx);
    /* A reload changed ctx->conf of this loop; optional. [loop] */
    void (*reconfigured)(hearth_ctx *ctx);
} hearth_plugin_desc;

#define HEARTH_PLUGIN_SYMBOL    "hearth_plugin_main"
#define HEARTH_MANIFEST_SECTION ".hearth_manifest"

/* Defines the manifest and the one exported symbol. C only: a plugin written in C++ keeps this in a
 * C file (designated initialisers, compound literals). */
#define HEARTH_PLUGIN(id_, version_, ...)                                                          \
    __attribute__((                                                                                \
        used, section(HEARTH_MANIFEST_SECTION))) static const hearth_manifest hearth_manifest_ = { \
        HEARTH_ABI_MAGIC, sizeof(hearth_manifest), HEARTH_ABI_MAJOR, HEARTH_ABI_MINOR, 0, id_,     \
        version_};                                                                                 \
    HEARTH_EXPORT extern const hearth_plugin_desc hearth_plugin_main;                              \
    const hearth_plugin_desc hearth_plugin_main = {.magic = HEARTH_ABI_MAGIC,                      \
                                                   .struct_size = sizeof(hearth_plugin_desc),      \
                                                   .abi_major = HEARTH_ABI_MAJOR,                  \
                                                   .abi_minor = HEARTH_ABI_MINOR,                  \
                                                   .manifest = &hearth_manifest_,                  \
                                                   .id = id_,                                      \
                                                   .version = version_,                            \
                                                   .use_size = sizeof(hearth_use),                 \
                                                   .provide_size = sizeof(hearth_provide),         \
                                                   .conf_field_size = sizeof(hearth_conf_field),   \
                                                   .route_size = sizeof(hearth_route),             \
                                                   .hook_size = sizeof(hearth_hook),               \
                                                   .metric_size = sizeof(hearth_metric),           \
                                                   .command_size = sizeof(hearth_command),         \
                                                   __VA_ARGS__}

#ifdef __cplusplus
}
#endif

#include <hearth/arena.h>
#include <hearth/clock.h>
#include <hearth/http.h>
#include <hearth/log.h>
#include <hearth/loop.h>

#endif
