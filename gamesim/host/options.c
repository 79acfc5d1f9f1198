/*
 * options.c - hearth-gamesim's command line: every mistake is one sentence that names the option.
 */
#include "host/options.h"
#include "host/options_file.h"
#include "text/hex.h"
#include "netcode/server.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char options_usage[] =
    "usage: HEARTH_TOKEN=TOKEN hearth-gamesim --metadata URL --listen ADDR:PORT\n"
    "                      [--public ADDR:PORT] [--region NAME] [--gamedata DIR]\n"
    "                      [--metrics ADDR:PORT] [--config FILE]\n"
    "       hearth-gamesim --standalone --listen ADDR:PORT --key HEX --protocol-id HEX\n"
    "                      [--public ADDR:PORT] [--slots N] [--token-lifetime SECONDS]\n"
    "                      [--gamedata DIR] [--metrics ADDR:PORT]\n"
    "\n"
    "  --metadata URL        hearthd's address; HEARTH_TOKEN must have the scope gamesim\n"
    "  --region NAME         where this instance is (default: hearthd's)\n"
    "  --config FILE         YAML: metadata, listen, public, region, gamedata, metrics, "
    "game_sims,\n"
    "                        players, join_timeout, empty_timeout, drain_timeout; options win\n"
    "  --standalone          run without hearthd: anybody whose token was made with --key gets in\n"
    "  --listen ADDR:PORT    UDP address, [ADDR]:PORT for IPv6; port 0 lets the kernel choose\n"
    "  --public ADDR:PORT    the address in connect tokens (default: the one listened on);\n"
    "                        ec2: this machine's public IPv4, asked of the EC2 metadata service\n"
    "  --key HEX             64 digits: the private key that token issuers share\n"
    "  --protocol-id HEX     16 digits\n"
    "  --slots N             clients at most (default 40)\n"
    "  --token-lifetime N    seconds that issued tokens live (default 30); after a start only\n"
    "                        tokens made since then are accepted\n"
    "  --gamedata DIR        where dungeon.json is\n"
    "  --metrics ADDR:PORT   HTTP: /metrics, /health/live, /health/ready (default: no such port)\n";

enum {
    LISTEN = 1,
    PUBLIC,
    KEY,
    PROTOCOL,
    SLOTS,
    LIFETIME,
    GAMEDATA,
    METRICS,
    METADATA,
    REGION,
    CONFIG,
    STANDALONE,
    HELP
};

static bool exists(const char *dir)
{
    char path[PATH_MAX + 32];
    snprintf(path, sizeof(path), "%s/dungeon.json", dir);
    return access(path, R_OK) == 0;
}

/* Beside the program in an installation, in the source tree otherwise; never the working directory.
 */
static void default_gamedata(char out[4096])
{
    static const char *const beside[] = {"/../etc/hearth/gamedata", "/../../etc/hearth/gamedata"};
    char program[3072];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (len > 0) {
        program[len] = '\0';
        char *slash = strrchr(program, '/');
        if (slash)
            *slash = '\0';
        for (size_t i = 0; i < sizeof(beside) / sizeof(*beside); i++) {
            snprintf(out, 4096, "%s%s", program, beside[i]);
            if (exists(out))
                return;
        }
    }
    snprintf(out, 4096, "%s", GAMESIM_SOURCE_GAMEDATA);
}

static bool read_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    *out = strtoull(text, &end, 10);
    return *end == '\0' && *out >= min && *out <= max;
}

static const char *apply_metadata(struct options *out, const char *value)
{
    static const char expected[] = "--metadata: expected a URL such as https://play.example.com";
    size_t len = strlen(value);
    while (len > 0 && value[len - 1] == '/')
        len--;
    if ((strncmp(value, "http://", 7) != 0 && strncmp(value, "https://", 8) != 0) ||
        len >= sizeof(out->metadata) || strpbrk(value, " ?#@\t\r\n"))
        return expected;
    memcpy(out->metadata, value, len);
    out->metadata[len] = '\0';
    return NULL;
}

static const char *apply_option(struct options *out, int option, const char *value)
{
    uint64_t number;
    switch (option) {
    case LISTEN:
        return netcode_address_parse(&out->listen, value) == HEARTH_OK
                   ? NULL
                   : "--listen: expected an address and port, such as 127.0.0.1:40000 or "
                     "[::1]:40000";
    case PUBLIC:
        out->has_public = true;
        out->public_ec2 = strcmp(value, "ec2") == 0;
        if (out->public_ec2)
            return NULL;
        return netcode_address_parse(&out->public_address, value) == HEARTH_OK
                   ? NULL
                   : "--public: expected an address and port, such as 203.0.113.7:40000";
    case KEY:
        return hex_read(out->key, sizeof(out->key), value)
                   ? NULL
                   : "--key: expected 64 hexadecimal digits";
    case PROTOCOL:
        return hex_read_u64(&out->protocol_id, value)
                   ? NULL
                   : "--protocol-id: expected 16 hexadecimal digits";
    case SLOTS:
        if (!read_number(value, 1, NETCODE_SLOTS_MAX, &number))
            return "--slots: expected a number from 1 to 4096";
        out->slots = (uint32_t)number;
        return NULL;
    case LIFETIME:
        if (!read_number(value, 1, 86400 * 365, &number))
            return "--token-lifetime: expected a number of seconds from 1 to 31536000";
        out->token_lifetime_seconds = number;
        return NULL;
    case METRICS:
        if (strlen(value) >= sizeof(out->metrics) || *value == '\0')
            return "--metrics: expected an address and port, such as 127.0.0.1:9100";
        strcpy(out->metrics, value);
        return NULL;
    case METADATA:
        return apply_metadata(out, value);
    case REGION:
        if (strlen(value) >= sizeof(out->region))
            return "--region: the name is too long";
        strcpy(out->region, value);
        return NULL;
    default:
        if (strlen(value) >= sizeof(out->gamedata))
            return "--gamedata: the path is too long";
        strcpy(out->gamedata, value);
        return NULL;
    }
}

/* What the file says and no option said. */
static const char *apply_file(struct options *out, const struct options_file *file, bool *seen)
{
    const struct {
        int option;
        const char *value;
    } given[] = {{METADATA, file->metadata},     {LISTEN, file->listen},
                 {PUBLIC, file->public_address}, {REGION, file->region},
                 {METRICS, file->metrics},       {GAMEDATA, file->gamedata}};
    const char *wrong = NULL;
    for (size_t i = 0; i < sizeof(given) / sizeof(*given) && !wrong; i++) {
        if (!given[i].value[0] || seen[given[i].option])
            continue;
        seen[given[i].option] = true;
        wrong = apply_option(out, given[i].option, given[i].value);
    }
    return wrong;
}

static const char *take_token(struct options *out)
{
    const char *token = getenv("HEARTH_TOKEN");
    if (!token || !*token)
        return "HEARTH_TOKEN is missing in the environment; `hearth token issue` makes one";
    if (strlen(token) >= sizeof(out->token) || strpbrk(token, " \t\r\n"))
        return "HEARTH_TOKEN is not a token";
    strcpy(out->token, token);
    unsetenv("HEARTH_TOKEN");
    return NULL;
}

static const char *missing(struct options *out, const bool *seen)
{
    if (!out->standalone && !seen[METADATA])
        return "--metadata or --standalone is missing";
    if (!seen[LISTEN])
        return "--listen is missing";
    if (out->public_ec2 && out->listen.port == 0)
        return "--public ec2 needs a port in --listen";
    if (!out->standalone) {
        if (seen[KEY] || seen[PROTOCOL] || seen[SLOTS] || seen[LIFETIME])
            return "--key, --protocol-id, --slots and --token-lifetime are for --standalone; "
                   "hearthd decides otherwise";
        if (!seen[PUBLIC] && netcode_address_is_any(&out->listen))
            return "--public is missing: --listen is a wildcard, which players cannot connect to";
        return take_token(out);
    }
    if (seen[METADATA] || seen[REGION])
        return "--metadata and --region do not go with --standalone";
    if (!seen[KEY])
        return "--key is missing";
    if (!seen[PROTOCOL])
        return "--protocol-id is missing";
    return NULL;
}

hearth_status options_parse(struct options *out, int argc, char **argv, char error[512])
{
    static const struct option known[] = {{"listen", required_argument, NULL, LISTEN},
                                          {"public", required_argument, NULL, PUBLIC},
                                          {"key", required_argument, NULL, KEY},
                                          {"protocol-id", required_argument, NULL, PROTOCOL},
                                          {"slots", required_argument, NULL, SLOTS},
                                          {"token-lifetime", required_argument, NULL, LIFETIME},
                                          {"gamedata", required_argument, NULL, GAMEDATA},
                                          {"metrics", required_argument, NULL, METRICS},
                                          {"metadata", required_argument, NULL, METADATA},
                                          {"region", required_argument, NULL, REGION},
                                          {"config", required_argument, NULL, CONFIG},
                                          {"standalone", no_argument, NULL, STANDALONE},
                                          {"help", no_argument, NULL, HELP},
                                          {NULL, 0, NULL, 0}};
    bool seen[HELP + 1] = {false};
    struct options_file file = {.metadata = ""};
    const char *config = NULL;
    const char *wrong = NULL;
    int option;
    memset(out, 0, sizeof(*out));
    out->slots = 40;
    out->token_lifetime_seconds = 30;
    opterr = 0;
    optind = 1;
    while (!wrong && (option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        if (option == ':' || option == '?') {
            snprintf(error, 256, "%.100s: %s", argv[optind - 1],
                     option == ':' ? "a value is missing" : "no such option");
            return HEARTH_EINVAL;
        }
        seen[option] = true;
        if (option == CONFIG)
            config = optarg;
        else if (option != STANDALONE && option != HELP)
            wrong = apply_option(out, option, optarg);
    }
    out->standalone = seen[STANDALONE];
    out->help = seen[HELP];
    if (!wrong && optind < argc)
        wrong = "there are only options, no other arguments";
    if (!wrong && !out->help && options_file_read(out, &file, config, error) != HEARTH_OK)
        return HEARTH_EINVAL;
    if (!wrong && !out->help)
        wrong = apply_file(out, &file, seen);
    if (!wrong && !out->help)
        wrong = missing(out, seen);
    if (wrong) {
        snprintf(error, 512, "%s", wrong);
        return HEARTH_EINVAL;
    }
    if (!seen[GAMEDATA])
        default_gamedata(out->gamedata);
    return HEARTH_OK;
}
