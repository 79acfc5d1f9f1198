/*
 * options.h - the command line of hearth-gamesim.
 */
#ifndef HOST_OPTIONS_H
#define HOST_OPTIONS_H

#include <netcode_token.h>

#define OPTIONS_PUBLIC_MAX 4

struct options {
    bool help;
    bool standalone;
    netcode_address listen;
    netcode_address public_addresses[OPTIONS_PUBLIC_MAX]; /* as they stand in tokens */
    unsigned public_count;                                /* 0: the address that was bound */
    int ec2_at; /* which of them is to be asked of the EC2 metadata service; -1: none */
    uint8_t key[NETCODE_KEY_BYTES];
    uint64_t protocol_id;
    uint32_t slots;
    uint64_t token_lifetime_seconds;
    /* Registered mode. */
    char metadata[1024]; /* hearthd's URL, without a slash at the end */
    char ca[4096];       /* certificates that its URL is checked against; "": the system's */
    char token[4096];    /* HEARTH_TOKEN, or the file's */
    char region[64];     /* "": hearthd's default */
    char data_dir[4096]; /* "": none */
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
