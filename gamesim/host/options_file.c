/*
 * options_file.c - see options_file.h. Core's schema tables do the checking.
 */
#include "host/options_file.h"
#include "host/options_apply.h"

#include "conf/conf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CEILING ((size_t)4 << 20)
#define MS_NS   UINT64_C(1000000)

struct settings {
    hearth_str metadata, ca, token, listen, public_address, region, data_dir, metrics, gamedata;
    hearth_str key, protocol_id;
    uint32_t standalone;
    int64_t slots, token_lifetime;
    int64_t game_sims, players, join_timeout, empty_timeout, drain_timeout;
};

#define AT(field_) offsetof(struct settings, field_)

static const hearth_conf_field fields[] = {
    {"metadata", HEARTH_CONF_STR, 0, AT(metadata), "", 0, 1000, NULL, "hearthd's URL"},
    {"ca", HEARTH_CONF_STR, HEARTH_CONF_PATH, AT(ca), "", 0, 4000, NULL,
     "PEM file: who may have signed hearthd's certificate"},
    {"token", HEARTH_CONF_STR, HEARTH_CONF_SECRET, AT(token), NULL, 0, 4000, NULL,
     "What registers at hearthd, if HEARTH_TOKEN is not set"},
    {"listen", HEARTH_CONF_STR, 0, AT(listen), "", 0, 60, NULL, "UDP address and port"},
    {"public", HEARTH_CONF_STR, 0, AT(public_address), "", 0, 250, NULL,
     "The addresses and ports that players connect to, with commas between them"},
    {"region", HEARTH_CONF_STR, 0, AT(region), "", 0, 60, NULL, "Where this instance is"},
    {"data_dir", HEARTH_CONF_STR, HEARTH_CONF_PATH, AT(data_dir), "", 0, 4000, NULL,
     "This instance's own directory"},
    {"metrics", HEARTH_CONF_STR, 0, AT(metrics), "", 0, 60, NULL,
     "HTTP address and port of /metrics and /health"},
    {"gamedata", HEARTH_CONF_STR, HEARTH_CONF_PATH, AT(gamedata), "", 0, 4000, NULL,
     "Directory of dungeon.json"},
    {"standalone", HEARTH_CONF_BOOL, 0, AT(standalone), "false", 0, 0, NULL, "Run without hearthd"},
    {"key", HEARTH_CONF_STR, HEARTH_CONF_SECRET, AT(key), NULL, 0, 64, NULL,
     "Stand-alone: the private key that token issuers share"},
    {"protocol_id", HEARTH_CONF_STR, 0, AT(protocol_id), "", 0, 16, NULL,
     "Stand-alone: 16 hexadecimal digits"},
    {"slots", HEARTH_CONF_INT, 0, AT(slots), "0", 0, 4096, NULL,
     "Stand-alone: clients at most; 0 is 40"},
    {"token_lifetime", HEARTH_CONF_INT, 0, AT(token_lifetime), "0", 0, 31536000, NULL,
     "Stand-alone: seconds that issued tokens live; 0 is 30"},
    {"game_sims", HEARTH_CONF_INT, 0, AT(game_sims), "10", 1, 512, NULL,
     "Sessions at the same time"},
    {"players", HEARTH_CONF_INT, 0, AT(players), "4", 1, 8, NULL, "Players in a session"},
    {"join_timeout", HEARTH_CONF_DURATION, 0, AT(join_timeout), "60s", 100, 86400000, NULL,
     "A session that nobody has begun to play ends after so long"},
    {"empty_timeout", HEARTH_CONF_DURATION, 0, AT(empty_timeout), "10s", 100, 86400000, NULL,
     "A session with nobody connected ends after so long"},
    {"drain_timeout", HEARTH_CONF_DURATION, 0, AT(drain_timeout), "10m", 100, 86400000, NULL,
     "Sessions that run longer after SIGTERM or a drain are ended"},
    {0}};

static const conf_schema schema = {fields, sizeof(hearth_conf_field), sizeof(struct settings),
                                   NULL};

static const char *apply_text(struct options *out, int option, const char *value, bool *seen)
{
    if (!*value || seen[option])
        return NULL;
    seen[option] = true;
    return options_apply(out, option, value);
}

static const char *apply_number(struct options *out, int option, int64_t value, bool *seen)
{
    char text[24];
    if (value == 0)
        return NULL;
    snprintf(text, sizeof(text), "%" PRId64, value);
    return apply_text(out, option, text, seen);
}

/* Strings of a schema are NUL-terminated. */
static const char *apply_texts(struct options *out, const struct settings *settings, bool *seen)
{
    const struct {
        int option;
        hearth_str value;
    } given[] = {{OPTION_METADATA, settings->metadata}, {OPTION_CA, settings->ca},
                 {OPTION_LISTEN, settings->listen},     {OPTION_PUBLIC, settings->public_address},
                 {OPTION_REGION, settings->region},     {OPTION_DATA_DIR, settings->data_dir},
                 {OPTION_METRICS, settings->metrics},   {OPTION_GAMEDATA, settings->gamedata},
                 {OPTION_KEY, settings->key},           {OPTION_PROTOCOL, settings->protocol_id}};
    const char *wrong = NULL;
    for (size_t i = 0; i < sizeof(given) / sizeof(*given) && !wrong; i++) {
        if (given[i].value.len > 0)
            wrong = apply_text(out, given[i].option, given[i].value.ptr, seen);
    }
    return wrong;
}

static const char *apply(struct options *out, const struct settings *settings, bool *seen)
{
    const char *wrong = apply_texts(out, settings, seen);
    if (!wrong)
        wrong = apply_number(out, OPTION_SLOTS, settings->slots, seen);
    if (!wrong)
        wrong = apply_number(out, OPTION_LIFETIME, settings->token_lifetime, seen);
    seen[OPTION_STANDALONE] = seen[OPTION_STANDALONE] || settings->standalone;
    if (settings->token.len > 0)
        snprintf(out->token, sizeof(out->token), "%s", settings->token.ptr);
    out->game_sims = (uint32_t)settings->game_sims;
    out->players = (uint8_t)settings->players;
    out->join_timeout_ns = (uint64_t)settings->join_timeout * MS_NS;
    out->empty_timeout_ns = (uint64_t)settings->empty_timeout * MS_NS;
    out->drain_timeout_ns = (uint64_t)settings->drain_timeout * MS_NS;
    return wrong;
}

static void list_errors(const conf_errors *errors, char out[512])
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < errors->count && used < 511; i++)
        used += (size_t)snprintf(out + used, 512 - used, "%s%s", i ? "\n" : "", errors->lines[i]);
}

const char *options_file_apply(struct options *out, const char *path, bool *seen, char error[512])
{
    hearth_arena arena;
    conf_errors errors;
    const char *wrong = error;
    arena_init(&arena, NULL, CEILING);
    conf_errors_init(&errors, &arena);
    conf_source source = {.section = ""};
    if (path && !(source.doc = conf_read(&arena, path, &errors)))
        goto finish;
    const struct settings *settings = conf_fill(&arena, &schema, &source, &errors);
    if (settings && errors.count == 0)
        wrong = apply(out, settings, seen);
finish:
    if (wrong == error)
        list_errors(&errors, error);
    arena_finish(&arena);
    return wrong;
}
