/*
 * enlist_request.c - the request of each step.
 */
#include "bot/enlist_state.h"
#include "wire/wire.h"

#include <stdio.h>
#include <stdlib.h>

static bool creates(const struct recruit *recruit)
{
    enum enlist_mode mode = recruit->enlist->options->mode;
    return mode == ENLIST_CREATE || (mode == ENLIST_GROUP && recruit == recruit_leader(recruit));
}

static bool finds(const struct recruit *recruit)
{
    return recruit->enlist->options->mode == ENLIST_FIND;
}

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
    case SEEK:
        if (creates(recruit) || finds(recruit))
            return json_pack("{s:s, s:i}", "characterId", recruit->character, "wireVersion",
                             WIRE_VERSION);
        return json_pack("{s:s}", "characterId", recruit->character);
    case REJOIN:
        return json_pack("{s:s}", "characterId", recruit->character);
    default: /* LOOK, LEAVE */
        return NULL;
    }
}

static void make_path(const struct recruit *recruit, char out[256])
{
    static const char *const paths[] = {
        [ACCOUNT] = "/accounts", [LOGIN] = "/session/login", [CHARACTER] = "/characters"};
    const struct recruit *leader = recruit_leader(recruit);
    if (recruit->step == LOOK || recruit->step == REST)
        snprintf(out, 256, "/characters/%s%s", recruit->character,
                 recruit->step == REST ? "/rest" : "");
    else if (recruit->step == REJOIN || recruit->step == LEAVE)
        snprintf(out, 256, "/gamesims/%s/%s", recruit->session,
                 recruit->step == REJOIN ? "join" : "leave");
    else if (recruit->step != SEEK)
        snprintf(out, 256, "%s", paths[recruit->step]);
    else if (creates(recruit) || finds(recruit))
        snprintf(out, 256, "/gamesims%s", finds(recruit) ? "/find" : "");
    else
        snprintf(out, 256, "/gamesims/%s/join",
                 leader ? leader->session : recruit->enlist->options->session);
}

void recruit_send(struct recruit *recruit)
{
    enlistment *list = recruit->enlist;
    char path[256], url[2048];
    json_t *json = make_body(recruit);
    char *body = json ? json_dumps(json, JSON_COMPACT) : NULL;
    bool keyed = recruit->step == SEEK || recruit->step == REJOIN;
    make_path(recruit, path);
    snprintf(url, sizeof(url), "%s%s", list->options->url, path);
    const https_request request = {.method = recruit->step == LOOK ? "GET" : "POST",
                                   .url = url,
                                   .bearer = recruit->step > LOGIN ? recruit->token : NULL,
                                   .body = body,
                                   .idempotency_key = keyed ? recruit->key : NULL,
                                   .done = recruit_on_answer,
                                   .arg = recruit};
    recruit->busy = true;
    list->busy++;
    if (https_send(list->https, &request) != HEARTH_OK) {
        recruit->busy = false;
        list->busy--;
        recruit_give_up(recruit, "out of memory");
    }
    free(body);
    json_decref(json);
}
