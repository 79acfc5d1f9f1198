/*
 * enlist_answer.c - what each answer leads to. What time heals is tried again, within the patience
 * that the player was given; Retry-After is heeded, and everybody waits a little differently.
 */
#include "bot/enlist_state.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define PAUSE_LEAST_NS (SECOND_NS / 4)
#define PAUSE_DOUBLES  4 /* up to 4 s, unless Retry-After asks for more */

static const char *step_name(enum step step)
{
    static const char *const names[] = {
        [ACCOUNT] = "making an account",         [LOGIN] = "logging in",
        [CHARACTER] = "creating a character",    [SEEK] = "getting into a session",
        [REJOIN] = "coming back to the session", [LEAVE] = "leaving the session",
        [LOOK] = "looking at the character",     [REST] = "resting"};
    return names[step];
}

static void describe(const struct recruit *recruit, const https_reply *reply, const char *code,
                     char out[256])
{
    if (reply->status == 0)
        snprintf(out, 256, "%s: %.150s", step_name(recruit->step), reply->error);
    else
        snprintf(out, 256, "%s: hearthd answered %d %.60s", step_name(recruit->step), reply->status,
                 code);
}

static bool copy_text(char *out, size_t size, const json_t *value)
{
    const char *text = json_string_value(value);
    if (!text || !*text || strlen(text) >= size)
        return false;
    strcpy(out, text);
    return true;
}

/* False: it is not what hearthd promises. */
static bool take_seat(struct recruit *recruit, const json_t *body)
{
    enlistment *list = recruit->enlist;
    const char *text = json_string_value(json_object_get(body, "connectToken"));
    const json_t *seat = json_object_get(body, "seat");
    char session[UUID_TEXT];
    uint8_t token[NETCODE_TOKEN_BYTES];
    size_t len = 0;
    if (!text || !json_is_integer(seat) ||
        !copy_text(session, sizeof(session), json_object_get(body, "gameSimId")) ||
        sodium_base642bin(token, sizeof(token), text, strlen(text), NULL, &len, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        len != sizeof(token))
        return false;
    if (recruit->step == REJOIN &&
        (strcmp(session, recruit->session) != 0 || json_integer_value(seat) != recruit->seat)) {
        recruit_give_up(recruit, "came back to another seat than its own");
        return true;
    }
    if (recruit->step == SEEK) {
        const struct recruit *leader = recruit_leader(recruit);
        recruit->rounds = leader && leader != recruit ? leader->rounds : recruit->rounds + 1;
    }
    strcpy(recruit->session, session);
    recruit->seat = (int)json_integer_value(seat);
    if (list->leaving) {
        recruit_go_to(recruit, LEAVE);
        sodium_memzero(token, sizeof(token));
        return true;
    }
    recruit->step = PLAYING;
    list->events.token(list->events.arg, recruit_number(recruit), token, recruit->seat);
    sodium_memzero(token, sizeof(token));
    return true;
}

/* False: it is not what hearthd promises. */
static bool succeed(struct recruit *recruit, const json_t *body)
{
    switch (recruit->step) {
    case ACCOUNT:
        recruit_go_to(recruit, LOGIN);
        return true;
    case LOGIN:
        if (!copy_text(recruit->token, sizeof(recruit->token), json_object_get(body, "token")))
            return false;
        recruit_go_to(recruit, recruit->resume);
        return true;
    case CHARACTER:
        if (!copy_text(recruit->character, sizeof(recruit->character), json_object_get(body, "id")))
            return false;
        recruit_go_to(recruit, READY);
        return true;
    case LOOK:
        recruit->version = json_integer_value(json_object_get(body, "version"));
        recruit_go_to(recruit, REST);
        return true;
    case REST:
        recruit_go_to(recruit, SEEK);
        return true;
    case LEAVE:
        recruit_go_to(recruit, GONE);
        return true;
    default:
        return take_seat(recruit, body);
    }
}

/* What time heals: too many at once, no room yet, the last session not yet settled. */
static bool is_passing(const struct recruit *recruit, int status, const char *code)
{
    if (status == 0 || status == 408 || status == 429 || status >= 500)
        return true;
    return status == 409 && recruit->step >= SEEK && strcmp(code, "SESSION_FULL") != 0;
}

static void try_later(struct recruit *recruit, unsigned retry_after)
{
    unsigned doubles = recruit->attempts < PAUSE_DOUBLES ? recruit->attempts : PAUSE_DOUBLES;
    uint64_t pause = PAUSE_LEAST_NS << doubles;
    if (retry_after * SECOND_NS > pause)
        pause = retry_after * SECOND_NS;
    /* Up to half as long again: those who were refused together must not come back together. */
    pause += randombytes_uniform((uint32_t)(pause / 2000000) + 1) * UINT64_C(1000000);
    recruit->attempts++;
    recruit->due_ns = recruit->enlist->now_ns + pause;
}

/* The session has ended: nothing to come back to, nothing to leave. */
static void on_ended(struct recruit *recruit)
{
    enlistment *list = recruit->enlist;
    bool leaving = recruit->step == LEAVE;
    recruit_go_to(recruit, leaving ? GONE : PLAYING);
    if (!leaving)
        list->events.over(list->events.arg, recruit_number(recruit));
}

static void fail_step(struct recruit *recruit, const https_reply *reply, const json_t *body)
{
    const char *code = json_string_value(json_object_get(body, "code"));
    char why[256];
    code = code ? code : "";
    describe(recruit, reply, code, why);
    if (recruit->step == SEEK && strcmp(code, "CHARACTER_UNCONSCIOUS") == 0) {
        recruit_go_to(recruit, LOOK);
    } else if (reply->status == 401 && recruit->step > LOGIN) {
        recruit->resume = recruit->step;
        recruit_go_to(recruit, LOGIN);
    } else if ((reply->status == 410 || reply->status == 404) &&
               (recruit->step == REJOIN || recruit->step == LEAVE)) {
        on_ended(recruit);
    } else if (is_passing(recruit, reply->status, code) &&
               recruit->enlist->now_ns < recruit->deadline_ns) {
        if (recruit->step == REST && reply->status == 409)
            recruit->step = LOOK; /* perhaps another version */
        if (recruit->step == SEEK && reply->status == 409)
            recruit_random_text(recruit->key, "seek-");
        try_later(recruit, reply->retry_after);
    } else {
        recruit_give_up(recruit, why);
    }
}

void recruit_on_answer(void *arg, const https_reply *reply)
{
    struct recruit *recruit = arg;
    json_t *body = json_loads(reply->body, 0, NULL);
    recruit->busy = false;
    recruit->enlist->busy--;
    if (reply->status < 200 || reply->status > 299)
        fail_step(recruit, reply, body);
    else if (!succeed(recruit, body))
        recruit_give_up(recruit, "an answer of hearthd that cannot be understood");
    json_decref(body);
}
