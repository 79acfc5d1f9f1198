/*
 * options_file.c - see options_file.h. Core's schema tables do the checking.
 */
#include "host/options_file.h"

#include "conf/conf.h"

#include <stdio.h>
#include <string.h>

#define CEILING ((size_t)4 << 20)
#define MS_NS   UINT64_C(1000000)

struct settings {
    hearth_str metadata, listen, public_address, region, metrics, gamedata;
    int64_t game_sims, players, join_timeout, empty_timeout, drain_timeout;
};

#define AT(field_) offsetof(struct settings, field_)

static const hearth_conf_field fields[] = {
    {"metadata", HEARTH_CONF_STR, 0, AT(metadata), "", 0, 1000, NULL, "hearthd's URL"},
    {"listen", HEARTH_CONF_STR, 0, AT(listen), "", 0, 60, NULL, "UDP address and port"},
    {"public", HEARTH_CONF_STR, 0, AT(public_address), "", 0, 60, NULL,
     "The address and port that players connect to"},
    {"region", HEARTH_CONF_STR, 0, AT(region), "", 0, 60, NULL, "Where this instance is"},
    {"metrics", HEARTH_CONF_STR, 0, AT(metrics), "", 0, 60, NULL,
     "HTTP address and port of /metrics and /health"},
    {"gamedata", HEARTH_CONF_STR, HEARTH_CONF_PATH, AT(gamedata), "", 0, 4000, NULL,
     "Directory of dungeon.json"},
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

static void copy(char *out, size_t size, hearth_str text)
{
    snprintf(out, size, "%.*s", (int)text.len, text.len ? text.ptr : "");
}

static void take(struct options *out, struct options_file *file, const struct settings *settings)
{
    copy(file->metadata, sizeof(file->metadata), settings->metadata);
    copy(file->listen, sizeof(file->listen), settings->listen);
    copy(file->public_address, sizeof(file->public_address), settings->public_address);
    copy(file->region, sizeof(file->region), settings->region);
    copy(file->metrics, sizeof(file->metrics), settings->metrics);
    copy(file->gamedata, sizeof(file->gamedata), settings->gamedata);
    out->game_sims = (uint32_t)settings->game_sims;
    out->players = (uint8_t)settings->players;
    out->join_timeout_ns = (uint64_t)settings->join_timeout * MS_NS;
    out->empty_timeout_ns = (uint64_t)settings->empty_timeout * MS_NS;
    out->drain_timeout_ns = (uint64_t)settings->drain_timeout * MS_NS;
}

static void list_errors(const conf_errors *errors, char out[512])
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < errors->count && used < 511; i++)
        used += (size_t)snprintf(out + used, 512 - used, "%s%s", i ? "\n" : "", errors->lines[i]);
}

hearth_status options_file_read(struct options *out, struct options_file *file, const char *path,
                                char error[512])
{
    hearth_arena arena;
    conf_errors errors;
    hearth_status status = HEARTH_EINVAL;
    arena_init(&arena, NULL, CEILING);
    conf_errors_init(&errors, &arena);
    conf_source source = {.section = ""};
    if (path && !(source.doc = conf_read(&arena, path, &errors)))
        goto finish;
    const struct settings *settings = conf_fill(&arena, &schema, &source, &errors);
    if (!settings || errors.count > 0)
        goto finish;
    take(out, file, settings);
    status = HEARTH_OK;
finish:
    if (status != HEARTH_OK)
        list_errors(&errors, error);
    arena_finish(&arena);
    return status;
}
