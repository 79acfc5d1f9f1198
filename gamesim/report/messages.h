/*
 * messages.h - the JSON that hearth-gamesim and hearthd exchange: bodies of requests are made here,
 * replies are read here. hearthd is trusted but not blindly: what does not fit is refused whole.
 */
#ifndef REPORT_MESSAGES_H
#define REPORT_MESSAGES_H

#include "report/stream.h"

#define MESSAGES_ID_MAX        64
#define MESSAGES_TOKEN_MAX     4096
#define MESSAGES_ADDRESSES_MAX 3

/* What an instance says of itself when it registers. */
struct registration {
    char address[64];
    uint16_t port;
    char more[MESSAGES_ADDRESSES_MAX][64]; /* further ones, with their ports */
    unsigned more_count;
    char region[64]; /* "": hearthd's default */
    const char *version;
    unsigned wire_version, game_sims, players;
};

/* What hearthd gives to a registered instance. */
struct registration_terms {
    char id[MESSAGES_ID_MAX];
    char token[MESSAGES_TOKEN_MAX];
    uint8_t connect_key[32];
    uint64_t protocol_id;
    uint64_t heartbeat_ns;
    unsigned token_lifetime_seconds, rejoin_seconds;
};

/* A session as heartbeats name it. */
struct heartbeat_session {
    uint8_t id[16];
    unsigned player_count;
    uint8_t players[STREAM_PLAYERS_MAX][16];
};

/* Replies to heartbeats call these. */
struct heartbeat_orders {
    void (*end)(void *arg, const uint8_t session[16]);
    void (*kick)(void *arg, const uint8_t session[16], const uint8_t user[16]);
    void *arg;
};

/* Texts on the heap, NULL: out of memory. */
char *message_register(const struct registration *registration);
char *message_heartbeat(uint64_t sequence, bool draining, const struct heartbeat_session *sessions,
                        size_t count);
char *message_batch(const struct stream *stream);

/* False, with one sentence in `error`: not what hearthd promises. */
bool message_read_terms(struct registration_terms *out, const char *body, char error[128]);

/* Fills `drain`, and `token` if a new one came ("" otherwise), and calls the orders. False: not
 * what hearthd promises; no order was called. */
bool message_read_heartbeat(const char *body, const struct heartbeat_orders *orders, bool *drain,
                            char token[MESSAGES_TOKEN_MAX]);

/* The code in an error body, such as "SEQUENCE_GAP"; "" if there is none. */
void message_read_code(const char *body, char code[48]);

/* Its sentence for people, cut if it is longer; "" if there is none. */
void message_read_error(const char *body, char error[160]);

/* `expected` of a SEQUENCE_GAP; 0: not said. */
uint32_t message_read_expected(const char *body);

/* How many events a batch's reply says were rejected. */
size_t message_count_rejected(const char *body);

/* activeGameSims of one instance in GET /gamesim-instances; -1: it is not there. */
int message_read_active(const char *body, const char *id);

#endif
