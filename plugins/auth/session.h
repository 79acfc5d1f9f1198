/*
 * session.h - a session as storage keeps it: who, which scope, and digests of its refresh tokens.
 * Pure but for randomness: writing, reading and judging; the calls are in grant.h and end.h.
 *
 * A refresh token is base64url of user (16 bytes), session (16), family (16) and secret (32). The
 * family is the session's for life and shows that a dead token was a real one; the secret changes
 * at each refresh. Storage has only digests of both.
 */
#ifndef AUTH_SESSION_H
#define AUTH_SESSION_H

#include "auth.h"
#include "text.h"

#define SESSION_PREVIOUS 32 /* refreshes within one grace time that are remembered */
#define REFRESH_SIZE     80
#define REFRESH_TEXT                                                                               \
    sodium_base64_ENCODED_LEN(REFRESH_SIZE, sodium_base64_VARIANT_URLSAFE_NO_PADDING)

struct refresh_token {
    unsigned char user[16], sid[16], family[16], secret[32];
};

struct session {
    char user[HEARTH_UUID_SIZE], sid[HEARTH_UUID_SIZE];
    char scope[SCOPE_MAX + 1];
    char family[DIGEST_HEX_SIZE], secret[DIGEST_HEX_SIZE];
    struct {
        char secret[DIGEST_HEX_SIZE];
        int64_t until_ms; /* a repeat is forgiven until then */
    } previous[SESSION_PREVIOUS];
    size_t previous_count;
    int64_t created_ms;
    uint64_t version;
};

enum refresh_verdict {
    REFRESH_GOOD,   /* the living one */
    REFRESH_LATE,   /* lost a race a moment ago: refused, nothing more */
    REFRESH_REUSED, /* a dead one of this session: the session must end */
    REFRESH_FOREIGN /* never one of this session */
};

/* A new session and its first refresh token. [loop] */
void session_init(hearth_ctx *ctx, struct session *session, const char *user, const char *scope,
                  char refresh[REFRESH_TEXT]);
/* The next refresh token; the present one becomes a dead one. [loop] */
void session_rotate(hearth_ctx *ctx, struct session *session, const struct refresh_token *given,
                    int64_t now_ms, int64_t grace_ms, char refresh[REFRESH_TEXT]);
enum refresh_verdict session_judge(const struct session *session, const struct refresh_token *given,
                                   int64_t now_ms);
/* 0: it is none. [any] */
int session_parse_refresh(hearth_str text, struct refresh_token *out);
void session_uuid(const unsigned char bytes[16], char out[HEARTH_UUID_SIZE]);

/* {NULL, 0}: out of memory. [loop] */
hearth_str session_encode(hearth_ctx *ctx, hearth_arena *arena, const struct session *session);
/* 0: the document is not a session. [loop] */
int session_decode(hearth_ctx *ctx, hearth_arena *arena, const hearth_doc *doc,
                   struct session *out);
/* The document's key. Borrows. */
hearth_key session_key(hearth_str user, hearth_str sid);

#endif
