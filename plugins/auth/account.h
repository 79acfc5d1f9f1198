/*
 * account.h - accounts in storage, by their username in lower case: making and finding.
 */
#ifndef AUTH_ACCOUNT_H
#define AUTH_ACCOUNT_H

#include "auth.h"
#include "hash.h"
#include "store.h"

struct account {
    char user[HEARTH_UUID_SIZE];
    char username[USERNAME_MAX + 1]; /* as it was written by its owner */
    char scope[SCOPE_MAX + 1];
    char hash[crypto_pwhash_STRBYTES];
};

hearth_key account_key(hearth_str lower_username);
/* {NULL, 0}: out of memory. [loop] */
hearth_str account_encode(hearth_ctx *ctx, hearth_arena *arena, const struct account *account);
/* 0: the document is not an account. [loop] */
int account_decode(hearth_ctx *ctx, hearth_arena *arena, hearth_str body, struct account *out);

/* Writes it over version base_version; 0: there must be none yet. Done as of store_write. [loop] */
hearth_status account_write(hearth_ctx *ctx, const struct account *account, hearth_str lower,
                            uint64_t base_version, store_fn done, void *arg) HEARTH_MUST_CHECK;

/* ---- making one ---- */

enum account_outcome {
    ACCOUNT_MADE,
    ACCOUNT_TAKEN,
    ACCOUNT_OVERLOADED, /* the hashing queue is full */
    ACCOUNT_UNAVAILABLE /* storage, or no memory */
};

struct account_making {
    struct account account;       /* username and scope are the caller's, the rest is made */
    char lower[USERNAME_MAX + 1]; /* of text_username */
    void (*done)(hearth_ctx *ctx, enum account_outcome outcome, struct account_making *making);
    struct hash_job job;
};

/* done runs exactly once, later; the memory is the caller's until then. ENOMEM: it does not run.
 * [loop] */
hearth_status account_make(hearth_ctx *ctx, struct account_making *making,
                           hearth_str password) HEARTH_MUST_CHECK;

/* POST /accounts. [loop] */
hearth_status account_handle_post(hearth_ctx *ctx, hearth_req *req);
/* `account add NAME [--scope admin]`. [loop] */
hearth_status account_command_add(hearth_ctx *ctx, hearth_cmd *cmd);

#endif
