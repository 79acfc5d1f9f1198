/*
 * ticket.h - a player's own record, {gamesim-players, user, ""}: which session he was last seated
 * in, when his live tokens expire, and which requests were answered. It only points: whether he
 * sits there is decided by the instance's document.
 */
#ifndef MATCHMAKING_TICKET_H
#define MATCHMAKING_TICKET_H

#include "../plugin.h"

#define TICKET_TOKENS_MAX   64u
#define TICKET_RECEIPTS_MAX 16u
#define RECEIPT_TTL_MS      ((int64_t)600000)
#define DIGEST_SIZE         33 /* hex of 16 bytes */

/* A request with an Idempotency-Key that was answered with 2xx. */
struct ticket_receipt {
    char key[DIGEST_SIZE], body[DIGEST_SIZE];
    char game_sim[HEARTH_UUID_SIZE];
    int http_status;
    int64_t expires_ms;
};

struct ticket {
    uint64_t version;                  /* of the document; 0: there is none yet */
    char game_sim[HEARTH_UUID_SIZE];   /* empty: never seated */
    int64_t tokens[TICKET_TOKENS_MAX]; /* when each expires, in unix milliseconds */
    uint32_t token_count;
    struct ticket_receipt receipts[TICKET_RECEIPTS_MAX]; /* oldest first */
    uint32_t receipt_count;
};

/* Reads the ticket of a user, without what has expired; an empty one if there is none. `ticket` is
 * the caller's and stays where it is until done. [loop] */
void ticket_load(struct mm_loop *loop, const char *user, struct ticket *ticket,
                 void (*done)(hearth_status status, void *arg), void *arg);

/* Writes it if nobody has since. ECONFLICT: somebody has. ETIMEOUT: the outcome is not known.
 * [loop] */
void ticket_save(struct mm_loop *loop, const char *user, struct ticket *ticket,
                 void (*done)(hearth_status status, void *arg), void *arg);

void ticket_add_token(struct ticket *ticket, int64_t expires_ms);
void ticket_add_receipt(struct ticket *ticket, const struct ticket_receipt *receipt);
const struct ticket_receipt *ticket_receipt_of(const struct ticket *ticket, const char *key);

#endif
