/*
 * session.c - see session.h.
 */
#include "session.h"

#include <stdio.h>
#include <string.h>

#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

void session_uuid(const unsigned char b[16], char out[HEARTH_UUID_SIZE])
{
    char hex[33];
    sodium_bin2hex(hex, sizeof(hex), b, 16);
    snprintf(out, HEARTH_UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
             hex + 20);
}

static void bytes_of_uuid(const char *uuid, unsigned char out[16])
{
    size_t len = 0;
    sodium_hex2bin(out, 16, uuid, HEARTH_UUID_SIZE - 1, "-", &len, NULL);
}

int session_parse_refresh(hearth_str text, struct refresh_token *out)
{
    size_t len = 0;
    _Static_assert(sizeof(*out) == REFRESH_SIZE, "a refresh token is its bytes");
    return sodium_base642bin((unsigned char *)out, sizeof(*out), text.ptr, text.len, NULL, &len,
                             NULL, BASE64) == 0 &&
           len == sizeof(*out);
}

/* Draws a new secret, keeps its digest, writes the token. */
static void draw(hearth_ctx *ctx, struct session *session, struct refresh_token *token,
                 char refresh[REFRESH_TEXT])
{
    shared_of(ctx)->random->bytes(ctx, token->secret, sizeof(token->secret));
    text_digest(token->secret, sizeof(token->secret), session->secret);
    sodium_bin2base64(refresh, REFRESH_TEXT, (const unsigned char *)token, sizeof(*token), BASE64);
    sodium_memzero(token, sizeof(*token));
}

void session_init(hearth_ctx *ctx, struct session *session, const char *user, const char *scope,
                  char refresh[REFRESH_TEXT])
{
    struct refresh_token token;

    memset(session, 0, sizeof(*session));
    snprintf(session->user, sizeof(session->user), "%s", user);
    snprintf(session->scope, sizeof(session->scope), "%s", scope);
    shared_of(ctx)->random->uuid(ctx, session->sid);
    session->created_ms = shared_of(ctx)->clock->wall_ms(ctx);
    bytes_of_uuid(session->user, token.user);
    bytes_of_uuid(session->sid, token.sid);
    shared_of(ctx)->random->bytes(ctx, token.family, sizeof(token.family));
    text_digest(token.family, sizeof(token.family), session->family);
    draw(ctx, session, &token, refresh);
}

static void remember(struct session *session, int64_t now_ms, int64_t grace_ms)
{
    size_t kept = 0;

    for (size_t i = 0; i < session->previous_count; i++)
        if (session->previous[i].until_ms >= now_ms)
            session->previous[kept++] = session->previous[i];
    if (kept == SESSION_PREVIOUS)
        memmove(&session->previous[0], &session->previous[1],
                --kept * sizeof(session->previous[0]));
    memcpy(session->previous[kept].secret, session->secret, sizeof(session->secret));
    session->previous[kept].until_ms = now_ms + grace_ms;
    session->previous_count = kept + 1;
}

void session_rotate(hearth_ctx *ctx, struct session *session, const struct refresh_token *given,
                    int64_t now_ms, int64_t grace_ms, char refresh[REFRESH_TEXT])
{
    struct refresh_token token = *given;

    remember(session, now_ms, grace_ms);
    draw(ctx, session, &token, refresh);
}

static int matches(const char *digest, const void *data, size_t len)
{
    char hex[DIGEST_HEX_SIZE];
    text_digest(data, len, hex);
    return sodium_memcmp(hex, digest, sizeof(hex)) == 0;
}

enum refresh_verdict session_judge(const struct session *session, const struct refresh_token *given,
                                   int64_t now_ms)
{
    if (!matches(session->family, given->family, sizeof(given->family)))
        return REFRESH_FOREIGN;
    if (matches(session->secret, given->secret, sizeof(given->secret)))
        return REFRESH_GOOD;
    for (size_t i = 0; i < session->previous_count; i++)
        if (matches(session->previous[i].secret, given->secret, sizeof(given->secret)))
            return now_ms <= session->previous[i].until_ms ? REFRESH_LATE : REFRESH_REUSED;
    return REFRESH_REUSED;
}

hearth_key session_key(hearth_str user, hearth_str sid)
{
    return (hearth_key){HEARTH_STR("auth.sessions"), user, sid};
}

hearth_str session_encode(hearth_ctx *ctx, hearth_arena *arena, const struct session *session)
{
    const hearth_json *json = shared_of(ctx)->json;
    hearth_json_writer *w = json->writer(arena, 16384);
    hearth_str out = {NULL, 0};

    if (!w)
        return out;
    json->object_begin(w);
    text_member(json, w, "scope", session->scope);
    text_member(json, w, "family", session->family);
    text_member(json, w, "secret", session->secret);
    json->key(w, HEARTH_STR("createdMs"));
    json->integer(w, session->created_ms);
    json->key(w, HEARTH_STR("previous"));
    json->array_begin(w);
    for (size_t i = 0; i < session->previous_count; i++) {
        json->object_begin(w);
        text_member(json, w, "secret", session->previous[i].secret);
        json->key(w, HEARTH_STR("untilMs"));
        json->integer(w, session->previous[i].until_ms);
        json->object_end(w);
    }
    json->array_end(w);
    json->object_end(w);
    return json->finish(w, &out) == HEARTH_OK ? out : (hearth_str){NULL, 0};
}

static int copy_member(const hearth_json *json, const hearth_json_value *object, const char *name,
                       char *out, size_t size)
{
    const hearth_json_value *value = json->get(object, name);
    hearth_str text = value ? json->as_string(value) : (hearth_str){NULL, 0};

    if (!text.ptr || text.len >= size)
        return 0;
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return 1;
}

static int decode_previous(const hearth_json *json, const hearth_json_value *rows,
                           struct session *out)
{
    size_t count = rows ? json->size(rows) : 0;

    if (count > SESSION_PREVIOUS)
        return 0;
    for (size_t i = 0; i < count; i++) {
        const hearth_json_value *row = json->at(rows, i), *until = json->get(row, "untilMs");
        if (!until || !copy_member(json, row, "secret", out->previous[i].secret, DIGEST_HEX_SIZE))
            return 0;
        out->previous[i].until_ms = json->as_integer(until);
    }
    out->previous_count = count;
    return 1;
}

int session_decode(hearth_ctx *ctx, hearth_arena *arena, const hearth_doc *doc, struct session *out)
{
    const hearth_json *json = shared_of(ctx)->json;
    const hearth_json_value *root = NULL;

    memset(out, 0, sizeof(*out));
    if (json->parse(arena, doc->body, &root, NULL) != HEARTH_OK ||
        doc->key.partition.len >= sizeof(out->user) || doc->key.sort.len >= sizeof(out->sid))
        return 0;
    memcpy(out->user, doc->key.partition.ptr, doc->key.partition.len);
    memcpy(out->sid, doc->key.sort.ptr, doc->key.sort.len);
    out->version = doc->version;
    const hearth_json_value *created = json->get(root, "createdMs");
    out->created_ms = created ? json->as_integer(created) : 0;
    return copy_member(json, root, "scope", out->scope, sizeof(out->scope)) &&
           copy_member(json, root, "family", out->family, sizeof(out->family)) &&
           copy_member(json, root, "secret", out->secret, sizeof(out->secret)) &&
           decode_previous(json, json->get(root, "previous"), out);
}
