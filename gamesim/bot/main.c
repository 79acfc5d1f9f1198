/*
 * main.c - hearth-bot: the command line, one run, the tally.
 * Exit status: 0 if every player was admitted and nothing unexpected happened, 1 otherwise, 2 for
 * unusable options.
 */
#include "bot/fleet.h"
#include "text/hex.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: hearth-bot --server URL --players N [--duration SECONDS] [--json]\n"
    "       hearth-bot --standalone ADDR:PORT --key HEX --protocol-id HEX --players N\n"
    "                  [--duration SECONDS] [--token-lifetime SECONDS] [--json]\n"
    "\n"
    "  --server URL            plays as anybody does: accounts, characters and sessions of this "
    "hearthd\n"
    "  --standalone ADDR:PORT  plays on a hearth-gamesim --standalone, with tokens of its own "
    "making\n"
    "  --key HEX               64 digits, the gamesim's private key\n"
    "  --protocol-id HEX       16 digits\n"
    "  --players N             1 to 10000\n"
    "  --duration SECONDS      from when all are in; without it, until the match ends\n"
    "  --token-lifetime N      seconds (default 30)\n"
    "  --json                  the last line of output is one JSON object\n";

enum { STANDALONE = 1, KEY, PROTOCOL, PLAYERS, DURATION, LIFETIME, JSON, SERVER, HELP };

struct command_line {
    struct fleet_options fleet;
    bool json, help;
};

static bool read_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    *out = strtoull(text, &end, 10);
    return *end == '\0' && *out >= min && *out <= max;
}

static const char *apply_option(struct command_line *out, int option, const char *value)
{
    uint64_t number;
    switch (option) {
    case STANDALONE:
        return netcode_address_parse(&out->fleet.server, value) == HEARTH_OK
                   ? NULL
                   : "--standalone: expected an address and port, such as 127.0.0.1:40000";
    case KEY:
        return hex_read(out->fleet.key, sizeof(out->fleet.key), value)
                   ? NULL
                   : "--key: expected 64 hexadecimal digits";
    case PROTOCOL:
        return hex_read_u64(&out->fleet.protocol_id, value)
                   ? NULL
                   : "--protocol-id: expected 16 hexadecimal digits";
    case PLAYERS:
        if (!read_number(value, 1, 10000, &number))
            return "--players: expected a number from 1 to 10000";
        out->fleet.players = (uint32_t)number;
        return NULL;
    case DURATION:
        return read_number(value, 1, 86400, &out->fleet.duration_seconds)
                   ? NULL
                   : "--duration: expected a number of seconds from 1 to 86400";
    case LIFETIME:
        return read_number(value, 1, 31536000, &out->fleet.token_lifetime_seconds)
                   ? NULL
                   : "--token-lifetime: expected a number of seconds from 1 to 31536000";
    case SERVER:
        if (strncmp(value, "http://", 7) != 0 && strncmp(value, "https://", 8) != 0)
            return "--server: expected a URL such as http://127.0.0.1:8080";
        out->fleet.url = value;
        return NULL;
    case JSON:
        out->json = true;
        return NULL;
    default:
        out->help = true;
        return NULL;
    }
}

/* NULL, or one sentence that says what is wrong. */
static const char *read_options(struct command_line *out, int argc, char **argv, char text[256])
{
    static const struct option known[] = {{"standalone", required_argument, NULL, STANDALONE},
                                          {"key", required_argument, NULL, KEY},
                                          {"protocol-id", required_argument, NULL, PROTOCOL},
                                          {"players", required_argument, NULL, PLAYERS},
                                          {"duration", required_argument, NULL, DURATION},
                                          {"token-lifetime", required_argument, NULL, LIFETIME},
                                          {"server", required_argument, NULL, SERVER},
                                          {"json", no_argument, NULL, JSON},
                                          {"help", no_argument, NULL, HELP},
                                          {NULL, 0, NULL, 0}};
    static const struct {
        int option;
        const char *text;
    } needed[] = {{STANDALONE, "--standalone is missing"},
                  {KEY, "--key is missing"},
                  {PROTOCOL, "--protocol-id is missing"}};
    bool seen[HELP + 1] = {false};
    const char *wrong = NULL;
    int option;
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
    if (wrong || out->help)
        return wrong;
    for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
        if (!seen[SERVER] && !seen[needed[i].option])
            return needed[i].text;
        if (seen[SERVER] && seen[needed[i].option])
            return "--standalone, --key and --protocol-id do not go with --server";
    }
    return seen[PLAYERS] ? NULL : "--players is missing";
}

int main(int argc, char **argv)
{
    static struct tally tally;
    struct command_line line = {.fleet = {.token_lifetime_seconds = 30}};
    char text[256];
    signal(SIGPIPE, SIG_IGN);
    const char *wrong = read_options(&line, argc, argv, text);
    if (wrong) {
        fprintf(stderr, "hearth-bot: %s\n", wrong);
        return 2;
    }
    if (line.help) {
        fputs(usage, stdout);
        return 0;
    }
    hearth_status status = fleet_run(&line.fleet, &tally);
    tally_print(&tally, line.json);
    return status == HEARTH_OK ? 0 : 1;
}
