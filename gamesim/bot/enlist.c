/*
 * enlist.c - see enlist.h. One request at a time for each player, a few players at a time.
 */
#include "bot/enlist.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS    UINT64_C(1000000000)
#define BUSY_MAX     8                /* requests on their way */
#define PATIENCE_NS  (60 * SECOND_NS) /* for one step to succeed */
#define WIRE_VERSION 1

enum step { ACCOUNT, LOGIN, CHARACTER, READY, SEEK, LOOK, REST, PLAYING, FAILED };

struct recruit {
    struct enlistment *enlist;
    enum step step;
    bool busy;
    unsigned attempts;
    uint64_t due_ns, deadline_ns;
    char name[40], password[40], key[40];
    char token[4096], character[64];
    json_int_t version; /* of the character */
};

struct enlistment {
    const char *url;
    https_client *https;
    struct enlist_events events;
    struct recruit *recruits;
    uint32_t count, busy;
    uint64_t now_ns;
    bool seeking; /* everybody has a character */
};

static void random_text(char *out, const char *prefix)
{
    uint8_t bytes[12];
    char hex[2 * sizeof(bytes) + 1];
    randombytes_buf(bytes, sizeof(bytes));
    sprintf(out, "%s%s", prefix, sodium_bin2hex(hex, sizeof(hex), bytes, sizeof(bytes)));
}

static void go_to(struct recruit *recruit, enum step step)
{
    recruit->step = step;
    recruit->attempts = 0;
    recruit->due_ns = 0;
    recruit->deadline_ns = recruit->enlist->now_ns + PATIENCE_NS;
    if (step == SEEK)
        random_text(recruit->key, "seek-");
}

static void give_up(struct recruit *recruit, const char *why)
{
    enlistment *enlist = recruit->enlist;
    recruit->step = FAILED;
    enlist->events.failed(enlist->events.arg, (uint32_t)(recruit - enlist->recruits), why);
}

static const char *step_name(enum step step)
{
    static const char *const names[] = {
        "making an account",        "logging in", "creating a character", "", "finding a session",
        "looking at the character", "resting"};
    return names[step];
}

static void describe(const struct recruit *recruit, const https_reply *reply, const json_t *body,
                     char out[256])
{
    const char *code = json_string_value(json_object_get(body, "code"));
    if (reply->status == 0)
        snprintf(out, 256, "%s: %.150s", step_name(recruit->step), reply->error);
    else
        snprintf(out, 256, "%s: hearthd answered %d %.60s", step_name(recruit->step), reply->status,
                 code ? code : "");
}

/* ---- answers --------------------------------------------------------------------------------- */

static bool copy_text(char *out, size_t size, const json_t *value)
{
    const char *text = json_string_value(value);
    if (!text || !*text || strlen(text) >= size)
        return false;
    strcpy(out, text);
    return true;
}

static bool take_connect_token(struct recruit *recruit, const json_t *body)
{
    enlistment *enlist = recruit->enlist;
    const char *text = json_string_value(json_object_get(body, "connectToken"));
    uint8_t token[NETCODE_TOKEN_BYTES];
    size_t len = 0;
    if (!text ||
        sodium_base642bin(token, sizeof(token), text, strlen(text), NULL, &len, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        len != sizeof(token))
        return false;
    recruit->step = PLAYING;
    enlist->events.token(enlist->events.arg, (uint32_t)(recruit - enlist->recruits), token);
    sodium_memzero(token, sizeof(token));
    return true;
}

/* False: it is not what hearthd promises. */
static bool succeed(struct recruit *recruit, const json_t *body)
{
    switch (recruit->step) {
    case ACCOUNT:
        go_to(recruit, LOGIN);
        return true;
    case LOGIN:
        if (!copy_text(recruit->token, sizeof(recruit->token), json_object_get(body, "token")))
            return false;
        go_to(recruit, recruit->character[0] ? SEEK : CHARACTER);
        return true;
    case CHARACTER:
        if (!copy_text(recruit->character, sizeof(recruit->character), json_object_get(body, "id")))
            return false;
        go_to(recruit, READY);
        return true;
    case LOOK:
        recruit->version = json_integer_value(json_object_get(body, "version"));
        go_to(recruit, REST);
        return true;
    case REST:
        go_to(recruit, SEEK);
        return true;
    default:
        return take_connect_token(recruit, body);
    }
}

/* What time heals: too many at once, no room yet, the last session not yet settled. */
static bool is_passing(const struct recruit *recruit, int status)
{
    return status == 0 || status == 408 || status == 429 || status >= 500 ||
           (status == 409 && recruit->step >= SEEK);
}

static void fail_step(struct recruit *recruit, const https_reply *reply, const json_t *body)
{
    const char *code = json_string_value(json_object_get(body, "code"));
    uint64_t pause = SECOND_NS / 4 << (recruit->attempts < 4 ? recruit->attempts : 4);
    char why[256];
    describe(recruit, reply, body, why);
    if (recruit->step == SEEK && code && strcmp(code, "CHARACTER_UNCONSCIOUS") == 0) {
        go_to(recruit, LOOK);
    } else if (reply->status == 401 && recruit->step > LOGIN) {
        go_to(recruit, LOGIN);
    } else if (is_passing(recruit, reply->status) &&
               recruit->enlist->now_ns < recruit->deadline_ns) {
        if (recruit->step == REST && reply->status == 409)
            recruit->step = LOOK; /* perhaps another version */
        if (recruit->step == SEEK && reply->status == 409)
            random_text(recruit->key, "seek-");
        recruit->attempts++;
        if (reply->retry_after * SECOND_NS > pause)
            pause = reply->retry_after * SECOND_NS;
        recruit->due_ns =
            recruit->enlist->now_ns + pause + randombytes_uniform(250) * UINT64_C(1000000);
    } else {
        give_up(recruit, why);
    }
}

static void on_answer(void *arg, const https_reply *reply)
{
    struct recruit *recruit = arg;
    json_t *body = json_loads(reply->body, 0, NULL);
    recruit->busy = false;
    recruit->enlist->busy--;
    if (reply->status < 200 || reply->status > 299)
        fail_step(recruit, reply, body);
    else if (!succeed(recruit, body))
        give_up(recruit, "an answer of hearthd that cannot be understood");
    json_decref(body);
}

/* ---- requests -------------------------------------------------------------------------------- */

static json_t *make_body(const struct recruit *recruit)
{
    switch (recruit->step) {
    case ACCOUNT:
    case LOGIN:
        return json_pack("{s:s, s:s}", "username", recruit->name, "password", recruit->password);
    case CHARACTER:
        return json_pack("{s:s, s:s}", "race", "Human", "class", "Fighter");
    case REST:
        return json_pack("{s:I, s:s}", "version", recruit->version, "type", "long");
    default:
        return json_pack("{s:s, s:i}", "characterId", recruit->character, "wireVersion",
                         WIRE_VERSION);
    }
}

static void make_url(const struct recruit *recruit, char out[2048])
{
    static const char *const paths[] = {[ACCOUNT] = "/accounts",
                                        [LOGIN] = "/session/login",
                                        [CHARACTER] = "/characters",
                                        [SEEK] = "/gamesims/find"};
    if (recruit->step == LOOK || recruit->step == REST)
        snprintf(out, 2048, "%s/characters/%s%s", recruit->enlist->url, recruit->character,
                 recruit->step == REST ? "/rest" : "");
    else
        snprintf(out, 2048, "%s%s", recruit->enlist->url, paths[recruit->step]);
}

static void send_step(struct recruit *recruit)
{
    char url[2048];
    json_t *json = recruit->step == LOOK ? NULL : make_body(recruit);
    char *body = json ? json_dumps(json, JSON_COMPACT) : NULL;
    make_url(recruit, url);
    const https_request request = {.method = recruit->step == LOOK ? "GET" : "POST",
                                   .url = url,
                                   .bearer = recruit->step > LOGIN ? recruit->token : NULL,
                                   .body = body,
                                   .idempotency_key = recruit->step == SEEK ? recruit->key : NULL,
                                   .done = on_answer,
                                   .arg = recruit};
    recruit->busy = true;
    recruit->enlist->busy++;
    if (https_send(recruit->enlist->https, &request) != HEARTH_OK) {
        recruit->busy = false;
        recruit->enlist->busy--;
        give_up(recruit, "out of memory");
    }
    free(body);
    json_decref(json);
}

static bool is_waiting(const struct recruit *recruit)
{
    return recruit->step == READY || recruit->step == PLAYING || recruit->step == FAILED;
}

void enlist_tick(enlistment *list, uint64_t now_ns)
{
    uint32_t ready = 0;
    list->now_ns = now_ns;
    for (uint32_t i = 0; i < list->count; i++)
        ready += list->recruits[i].step >= READY;
    list->seeking = list->seeking || ready == list->count;
    for (uint32_t i = 0; i < list->count && list->busy < BUSY_MAX; i++) {
        struct recruit *recruit = &list->recruits[i];
        if (recruit->step == READY && list->seeking)
            go_to(recruit, SEEK);
        if (!recruit->busy && !is_waiting(recruit) && now_ns >= recruit->due_ns)
            send_step(recruit);
    }
}

void enlist_again(enlistment *list, uint32_t number)
{
    go_to(&list->recruits[number], SEEK);
}

hearth_status enlist_create(enlistment **out, uv_loop_t *loop, const char *url, uint32_t players,
                            const struct enlist_events *events)
{
    enlistment *list = calloc(1, sizeof(*list));
    if (!list)
        return HEARTH_ENOMEM;
    list->url = url;
    list->events = *events;
    list->count = players;
    list->now_ns = uv_hrtime();
    list->recruits = calloc(players, sizeof(*list->recruits));
    if (!list->recruits || https_create(&list->https, loop) != HEARTH_OK) {
        enlist_destroy(list);
        return HEARTH_ENOMEM;
    }
    for (uint32_t i = 0; i < players; i++) {
        struct recruit *recruit = &list->recruits[i];
        recruit->enlist = list;
        random_text(recruit->name, "bot-");
        random_text(recruit->password, "");
        go_to(recruit, ACCOUNT);
        /* A queue of thousands of passwords to hash is no failure. */
        recruit->deadline_ns += players * SECOND_NS;
    }
    *out = list;
    return HEARTH_OK;
}

void enlist_stop(enlistment *list)
{
    if (list)
        https_stop(list->https);
}

void enlist_destroy(enlistment *list)
{
    if (!list)
        return;
    https_destroy(list->https);
    if (list->recruits)
        sodium_memzero(list->recruits, list->count * sizeof(*list->recruits));
    free(list->recruits);
    free(list);
}
