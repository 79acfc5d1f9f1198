/*
 * options.c - see options.h.
 */
#include "bot/options.h"
#include "text/hex.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char bot_options_usage[] =
    "usage: hearth-bot --server URL --players N [--create | --join GAMESIMID | --group N]\n"
    "                  [--duration SECONDS] [--rejoin SECONDS] [--leave] [--patience SECONDS]\n"
    "                  [--ca FILE] [--json]\n"
    "       hearth-bot --standalone ADDR:PORT --key HEX --protocol-id HEX --players N\n"
    "                  [--duration SECONDS] [--token-lifetime SECONDS] [--json]\n"
    "\n"
    "  --server URL            plays as anybody does: accounts, characters and sessions of this "
    "hearthd\n"
    "  --ca FILE               PEM: who may have signed its certificate (default: whom the system\n"
    "                          trusts)\n"
    "  --create                each player creates a session; without it and the next two, "
    "players\n"
    "                          find one with room\n"
    "  --join GAMESIMID        all join this session\n"
    "  --group N               2 to 8: the first of every N players creates a session, the others\n"
    "                          join it\n"
    "  --rejoin SECONDS        so long into its first match, each player drops the connection and\n"
    "                          comes back to its seat with a new token\n"
    "  --leave                 players leave their sessions at the end, instead of just vanishing\n"
    "  --patience SECONDS      how long a step may be refused for want of room or other passing\n"
    "                          reasons (default 60); Retry-After is heeded\n"
    "  --standalone ADDR:PORT  plays on a hearth-gamesim --standalone, with tokens of its own "
    "making\n"
    "  --key HEX               64 digits, the gamesim's private key\n"
    "  --protocol-id HEX       16 digits\n"
    "  --players N             1 to 10000\n"
    "  --duration SECONDS      from when all are in; without it, until the match ends\n"
    "  --token-lifetime N      seconds (default 30)\n"
    "  --json                  the last line of output is one JSON object\n";

enum {
    STANDALONE = 1,
    KEY,
    PROTOCOL,
    PLAYERS,
    DURATION,
    LIFETIME,
    JSON,
    SERVER,
    CA,
    CREATE,
    JOIN,
    GROUP,
    REJOIN,
    LEAVE,
    PATIENCE,
    HELP
};

static bool read_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    *out = strtoull(text, &end, 10);
    return *end == '\0' && *out >= min && *out <= max;
}

static const char *apply_number(struct fleet_options *out, int option, const char *value)
{
    uint64_t number;
    switch (option) {
    case PLAYERS:
        if (!read_number(value, 1, 10000, &number))
            return "--players: expected a number from 1 to 10000";
        out->players = (uint32_t)number;
        return NULL;
    case DURATION:
        return read_number(value, 1, 86400, &out->duration_seconds)
                   ? NULL
                   : "--duration: expected a number of seconds from 1 to 86400";
    case LIFETIME:
        return read_number(value, 1, 31536000, &out->token_lifetime_seconds)
                   ? NULL
                   : "--token-lifetime: expected a number of seconds from 1 to 31536000";
    case GROUP:
        if (!read_number(value, 2, 8, &number))
            return "--group: expected a number of players from 2 to 8";
        out->enlist.mode = ENLIST_GROUP;
        out->enlist.group = (uint32_t)number;
        return NULL;
    case REJOIN:
        return read_number(value, 1, 86400, &out->rejoin_seconds)
                   ? NULL
                   : "--rejoin: expected a number of seconds from 1 to 86400";
    default:
        if (!read_number(value, 1, 86400, &number))
            return "--patience: expected a number of seconds from 1 to 86400";
        out->enlist.patience_seconds = (uint32_t)number;
        return NULL;
    }
}

static const char *apply_join(struct fleet_options *out, const char *value)
{
    uint8_t id[16];
    if (!uuid_parse(id, value))
        return "--join: expected the id of a session, a UUID";
    uuid_format(id, out->enlist.session);
    out->enlist.mode = ENLIST_JOIN;
    return NULL;
}

static const char *apply_server(struct fleet_options *out, const char *value)
{
    size_t len = strlen(value);
    while (len > 0 && value[len - 1] == '/')
        len--;
    if ((strncmp(value, "http://", 7) != 0 && strncmp(value, "https://", 8) != 0) ||
        len >= sizeof(out->enlist.url) || strpbrk(value, " ?#@\t\r\n"))
        return "--server: expected a URL such as http://127.0.0.1:8080";
    memcpy(out->enlist.url, value, len);
    return NULL;
}

static const char *apply_option(struct bot_options *out, int option, const char *value)
{
    struct fleet_options *fleet = &out->fleet;
    switch (option) {
    case STANDALONE:
        return netcode_address_parse(&fleet->server, value) == HEARTH_OK
                   ? NULL
                   : "--standalone: expected an address and port, such as 127.0.0.1:40000";
    case KEY:
        return hex_read(fleet->key, sizeof(fleet->key), value)
                   ? NULL
                   : "--key: expected 64 hexadecimal digits";
    case PROTOCOL:
        return hex_read_u64(&fleet->protocol_id, value)
                   ? NULL
                   : "--protocol-id: expected 16 hexadecimal digits";
    case SERVER:
        return apply_server(fleet, value);
    case CA:
        fleet->enlist.ca = value;
        return access(value, R_OK) == 0 ? NULL : "--ca: this file cannot be read";
    case CREATE:
        fleet->enlist.mode = ENLIST_CREATE;
        return NULL;
    case JOIN:
        return apply_join(fleet, value);
    case LEAVE:
        fleet->leave = true;
        return NULL;
    case JSON:
        out->json = true;
        return NULL;
    case HELP:
        out->help = true;
        return NULL;
    default:
        return apply_number(fleet, option, value);
    }
}

/* What goes with what. */
static const char *check(const bool *seen)
{
    static const struct {
        int option;
        const char *text;
    } needed[] = {{STANDALONE, "--standalone is missing"},
                  {KEY, "--key is missing"},
                  {PROTOCOL, "--protocol-id is missing"}};
    static const int served[] = {CA, CREATE, JOIN, GROUP, REJOIN, LEAVE, PATIENCE};
    for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
        if (!seen[SERVER] && !seen[needed[i].option])
            return needed[i].text;
        if (seen[SERVER] && seen[needed[i].option])
            return "--standalone, --key and --protocol-id do not go with --server";
    }
    for (size_t i = 0; i < sizeof(served) / sizeof(*served); i++) {
        if (!seen[SERVER] && seen[served[i]])
            return "--ca, --create, --join, --group, --rejoin, --leave and --patience are for "
                   "--server";
    }
    if (seen[CREATE] + seen[JOIN] + seen[GROUP] > 1)
        return "only one of --create, --join and --group";
    return seen[PLAYERS] ? NULL : "--players is missing";
}

const char *bot_options_read(struct bot_options *out, int argc, char **argv, char text[256])
{
    static const struct option known[] = {{"standalone", required_argument, NULL, STANDALONE},
                                          {"key", required_argument, NULL, KEY},
                                          {"protocol-id", required_argument, NULL, PROTOCOL},
                                          {"players", required_argument, NULL, PLAYERS},
                                          {"duration", required_argument, NULL, DURATION},
                                          {"token-lifetime", required_argument, NULL, LIFETIME},
                                          {"server", required_argument, NULL, SERVER},
                                          {"ca", required_argument, NULL, CA},
                                          {"create", no_argument, NULL, CREATE},
                                          {"join", required_argument, NULL, JOIN},
                                          {"group", required_argument, NULL, GROUP},
                                          {"rejoin", required_argument, NULL, REJOIN},
                                          {"leave", no_argument, NULL, LEAVE},
                                          {"patience", required_argument, NULL, PATIENCE},
                                          {"json", no_argument, NULL, JSON},
                                          {"help", no_argument, NULL, HELP},
                                          {NULL, 0, NULL, 0}};
    bool seen[HELP + 1] = {false};
    const char *wrong = NULL;
    int option;
    *out = (struct bot_options){
        .fleet = {.token_lifetime_seconds = 30, .enlist = {.patience_seconds = 60}}};
    opterr = 0;
    while (!wrong && (option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        if (option == ':' || option == '?') {
            snprintf(text, 256, "%.100s: %s", argv[optind - 1],
                     option == ':' ? "a value is missing" : "no such option");
            return text;
        }
        seen[option] = true;
        wrong = apply_option(out, option, optarg);
    }
    if (!wrong && optind < argc)
        wrong = "there are only options, no other arguments";
    return wrong || out->help ? wrong : check(seen);
}
