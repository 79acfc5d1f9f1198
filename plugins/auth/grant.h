/*
 * grant.h - what a login and a refresh end with: the session written to storage, a token signed,
 * and the one JSON answer of both.
 */
#ifndef AUTH_GRANT_H
#define AUTH_GRANT_H

#include "auth.h"
#include "session.h"
#include "signing.h"
#include "store.h"
#include "token.h"

struct grant {
    struct session session; /* as it is to be written */
    uint64_t base_version;  /* 0: a new session */
    char refresh[REFRESH_TEXT];
    char token[TOKEN_MAX + 1];
    int64_t expires_in;
    /* STORE_OK: token and refresh are set. CONFLICT: as of store_write. [loop] */
    void (*done)(hearth_ctx *ctx, enum store_outcome outcome, const hearth_doc *current,
                 struct grant *grant);
    struct signing_request request;
};

/* Writes and signs; done runs exactly once, later or at once. The grant is the caller's and lives
 * until done; wipe it with sodium_memzero. [loop] */
void grant_start(hearth_ctx *ctx, hearth_arena *arena, struct grant *grant);

/* Replies 200. [loop] */
void grant_reply(hearth_ctx *ctx, hearth_req *req, const struct grant *grant);
/* Replies that storage is away. [loop] */
void grant_reply_unavailable(hearth_ctx *ctx, hearth_req *req);

#endif
