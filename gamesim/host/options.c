/*
 * options.c - what hearth-gamesim is told: its command line, then its file, then what goes with
 * what.
 */
#include "host/options.h"
#include "host/options_apply.h"
#include "host/options_file.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char options_usage[] =
    "usage: HEARTH_TOKEN=TOKEN hearth-gamesim --metadata URL --listen ADDR:PORT\n"
    "                      [--public ADDR:PORT] [--region NAME] [--ca FILE] [--gamedata DIR]\n"
    "                      [--data-dir DIR] [--metrics ADDR:PORT] [--config FILE]\n"
    "       hearth-gamesim --standalone --listen ADDR:PORT --key HEX --protocol-id HEX\n"
    "                      [--public ADDR:PORT] [--slots N] [--token-lifetime SECONDS]\n"
    "                      [--gamedata DIR] [--metrics ADDR:PORT] [--config FILE]\n"
    "\n"
    "  --metadata URL        hearthd's address; HEARTH_TOKEN must have the scope gamesim\n"
    "  --ca FILE             PEM: who may have signed hearthd's certificate (default: whom the\n"
    "                        system trusts)\n"
    "  --region NAME         where this instance is (default: hearthd's)\n"
    "  --data-dir DIR        this instance's own directory, made if it is missing; nothing is\n"
    "                        kept there yet\n"
    "  --config FILE         YAML: every option, with _ for -, and game_sims, players,\n"
    "                        join_timeout, empty_timeout, drain_timeout; options win\n"
    "  --standalone          run without hearthd: anybody whose token was made with --key gets in\n"
    "  --listen ADDR:PORT    UDP address, [ADDR]:PORT for IPv6; port 0 lets the kernel choose;\n"
    "                        [::]:PORT is IPv4 and IPv6\n"
    "  --public ADDR:PORT    the address in connect tokens (default: the one listened on); up to\n"
    "                        four with commas between them, which players try in that order;\n"
    "                        ec2: this machine's public IPv4, asked of the EC2 metadata service\n"
    "  --key HEX             64 digits: the private key that token issuers share\n"
    "  --protocol-id HEX     16 digits\n"
    "  --slots N             clients at most (default 40)\n"
    "  --token-lifetime N    seconds that issued tokens live (default 30); after a start only\n"
    "                        tokens made since then are accepted\n"
    "  --gamedata DIR        where dungeon.json is\n"
    "  --metrics ADDR:PORT   HTTP: /metrics, /health/live, /health/ready (default: no such port)\n";

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

/* The environment's wins over the file's. */
static const char *take_token(struct options *out)
{
    const char *token = getenv("HEARTH_TOKEN");
    if (token && *token) {
        if (strlen(token) >= sizeof(out->token))
            return "HEARTH_TOKEN is not a token";
        strcpy(out->token, token);
        unsetenv("HEARTH_TOKEN");
    }
    if (!out->token[0])
        return "HEARTH_TOKEN is missing in the environment; `hearth token issue` makes one";
    return strpbrk(out->token, " \t\r\n") ? "HEARTH_TOKEN is not a token" : NULL;
}

static const char *check_registered(struct options *out, const bool *seen)
{
    if (!seen[OPTION_METADATA])
        return "--metadata or --standalone is missing";
    if (!seen[OPTION_LISTEN])
        return "--listen is missing";
    if (seen[OPTION_KEY] || seen[OPTION_PROTOCOL] || seen[OPTION_SLOTS] || seen[OPTION_LIFETIME])
        return "--key, --protocol-id, --slots and --token-lifetime are for --standalone; "
               "hearthd decides otherwise";
    if (!seen[OPTION_PUBLIC] && netcode_address_is_any(&out->listen))
        return "--public is missing: --listen is a wildcard, which players cannot connect to";
    return take_token(out);
}

static const char *check_standalone(const bool *seen)
{
    if (!seen[OPTION_LISTEN])
        return "--listen is missing";
    if (seen[OPTION_METADATA] || seen[OPTION_REGION] || seen[OPTION_CA] || seen[OPTION_DATA_DIR])
        return "--metadata, --region, --ca and --data-dir do not go with --standalone";
    if (!seen[OPTION_KEY])
        return "--key is missing";
    return seen[OPTION_PROTOCOL] ? NULL : "--protocol-id is missing";
}

static const char *check(struct options *out, const bool *seen)
{
    const char *wrong = out->standalone ? check_standalone(seen) : check_registered(out, seen);
    if (!wrong && out->ec2_at >= 0 && out->listen.port == 0)
        wrong = "--public ec2 needs a port in --listen";
    return wrong;
}

/* NULL, or what is wrong. */
static const char *read_command_line(struct options *out, int argc, char **argv, bool *seen,
                                     const char **config, char error[512])
{
    static const struct option known[] = {
        {"listen", required_argument, NULL, OPTION_LISTEN},
        {"public", required_argument, NULL, OPTION_PUBLIC},
        {"key", required_argument, NULL, OPTION_KEY},
        {"protocol-id", required_argument, NULL, OPTION_PROTOCOL},
        {"slots", required_argument, NULL, OPTION_SLOTS},
        {"token-lifetime", required_argument, NULL, OPTION_LIFETIME},
        {"gamedata", required_argument, NULL, OPTION_GAMEDATA},
        {"metrics", required_argument, NULL, OPTION_METRICS},
        {"metadata", required_argument, NULL, OPTION_METADATA},
        {"ca", required_argument, NULL, OPTION_CA},
        {"region", required_argument, NULL, OPTION_REGION},
        {"data-dir", required_argument, NULL, OPTION_DATA_DIR},
        {"config", required_argument, NULL, OPTION_CONFIG},
        {"standalone", no_argument, NULL, OPTION_STANDALONE},
        {"help", no_argument, NULL, OPTION_HELP},
        {NULL, 0, NULL, 0}};
    const char *wrong = NULL;
    int option;
    opterr = 0;
    optind = 1;
    while (!wrong && (option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        if (option == ':' || option == '?') {
            snprintf(error, 512, "%.100s: %s", argv[optind - 1],
                     option == ':' ? "a value is missing" : "no such option");
            return error;
        }
        seen[option] = true;
        if (option == OPTION_CONFIG)
            *config = optarg;
        else if (option != OPTION_STANDALONE && option != OPTION_HELP)
            wrong = options_apply(out, option, optarg);
    }
    return !wrong && optind < argc ? "there are only options, no other arguments" : wrong;
}

hearth_status options_parse(struct options *out, int argc, char **argv, char error[512])
{
    bool seen[OPTION_COUNT] = {false};
    const char *config = NULL;
    memset(out, 0, sizeof(*out));
    out->slots = 40;
    out->token_lifetime_seconds = 30;
    out->ec2_at = -1;
    const char *wrong = read_command_line(out, argc, argv, seen, &config, error);
    out->help = seen[OPTION_HELP];
    if (!wrong && !out->help)
        wrong = options_file_apply(out, config, seen, error);
    out->standalone = seen[OPTION_STANDALONE];
    if (!wrong && !out->help)
        wrong = check(out, seen);
    if (wrong) {
        if (wrong != error)
            snprintf(error, 512, "%s", wrong);
        return HEARTH_EINVAL;
    }
    if (!seen[OPTION_GAMEDATA])
        default_gamedata(out->gamedata);
    return HEARTH_OK;
}
