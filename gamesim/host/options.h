/*
 * options.h - the command line of hearth-gamesim.
 */
#ifndef HOST_OPTIONS_H
#define HOST_OPTIONS_H

#include <netcode_token.h>

struct options {
    bool help;
    bool standalone;
    netcode_address listen, public_address;
    bool has_public;
    bool public_ec2; /* ask the EC2 metadata service for public_address */
    uint8_t key[NETCODE_KEY_BYTES];
    uint64_t protocol_id;
    uint32_t slots;
    uint64_t token_lifetime_seconds;
    /* Registered mode. */
    char metadata[1024]; /* hearthd's URL, without a slash at the end */
    char token[4096];    /* from the environment: HEARTH_TOKEN */
    char region[64];     /* "": hearthd's default */
    uint32_t game_sims;
    uint8_t players; /* in each of them */
    uint64_t join_timeout_ns, empty_timeout_ns, drain_timeout_ns;
    char gamedata[4096];
    char metrics[64]; /* address of the HTTP port; "": none */
};

extern const char options_usage[];

/* EINVAL with one sentence in `error`. */
HEARTH_MUST_CHECK hearth_status options_parse(struct options *out, int argc, char **argv,
                                              char error[512]);

#endif
