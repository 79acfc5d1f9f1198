/*
 * enlist.c - see enlist.h. One request at a time for each player, a few players at a time.
 */
#include "bot/enlist_state.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUSY_MAX 8 /* requests on their way */

void recruit_random_text(char *out, const char *prefix)
{
    uint8_t bytes[12];
    char hex[2 * sizeof(bytes) + 1];
    randombytes_buf(bytes, sizeof(bytes));
    sprintf(out, "%s%s", prefix, sodium_bin2hex(hex, sizeof(hex), bytes, sizeof(bytes)));
}

uint32_t recruit_number(const struct recruit *recruit)
{
    return (uint32_t)(recruit - recruit->enlist->recruits);
}

struct recruit *recruit_leader(const struct recruit *recruit)
{
    const struct enlist_options *options = recruit->enlist->options;
    uint32_t number = recruit_number(recruit);
    if (options->mode != ENLIST_GROUP)
        return NULL;
    return &recruit->enlist->recruits[number - number % options->group];
}

void recruit_go_to(struct recruit *recruit, enum step step)
{
    const enlistment *list = recruit->enlist;
    recruit->step = step;
    recruit->attempts = 0;
    recruit->due_ns = 0;
    recruit->deadline_ns = list->now_ns + list->options->patience_seconds * SECOND_NS;
    if (step <= LOGIN) /* a queue of thousands of passwords to hash is no failure */
        recruit->deadline_ns += list->count * SECOND_NS;
    if (step == SEEK || step == REJOIN)
        recruit_random_text(recruit->key, "seek-");
}

void recruit_give_up(struct recruit *recruit, const char *why)
{
    enlistment *list = recruit->enlist;
    recruit->step = FAILED;
    list->events.failed(list->events.arg, recruit_number(recruit), why);
}

static bool is_waiting(const struct recruit *recruit)
{
    return recruit->step == READY || recruit->step == AWAIT || recruit->step >= PLAYING;
}

static bool leaves(const struct recruit *recruit)
{
    return recruit->step == LEAVE || (recruit->step == LOGIN && recruit->resume == LEAVE);
}

/* The answer that it waits for may be a seat. */
static bool is_seated_next(const struct recruit *recruit)
{
    return recruit->step == SEEK || recruit->step == REJOIN;
}

/* Those who wait for others, and no longer have to. */
static void move_on(struct recruit *recruit)
{
    const struct recruit *leader = recruit_leader(recruit);
    bool follows = leader && leader != recruit;
    if (recruit->step == READY && recruit->enlist->seeking)
        recruit_go_to(recruit, follows ? AWAIT : SEEK);
    if (recruit->step == AWAIT && leader->rounds > recruit->rounds && leader->step == PLAYING)
        recruit_go_to(recruit, SEEK);
}

void enlist_tick(enlistment *list, uint64_t now_ns)
{
    uint32_t ready = 0;
    list->now_ns = now_ns;
    for (uint32_t i = 0; i < list->count; i++)
        ready += list->recruits[i].character[0] != '\0';
    list->seeking = list->seeking || ready == list->count;
    for (uint32_t i = 0; i < list->count && list->busy < BUSY_MAX; i++) {
        struct recruit *recruit = &list->recruits[i];
        move_on(recruit);
        if ((!list->leaving || leaves(recruit)) && !recruit->busy && !is_waiting(recruit) &&
            now_ns >= recruit->due_ns)
            recruit_send(recruit);
    }
}

void enlist_again(enlistment *list, uint32_t number)
{
    recruit_go_to(&list->recruits[number], READY);
}

void enlist_rejoin(enlistment *list, uint32_t number)
{
    recruit_go_to(&list->recruits[number], REJOIN);
}

void enlist_leave(enlistment *list)
{
    list->leaving = true;
    for (uint32_t i = 0; i < list->count; i++) {
        struct recruit *recruit = &list->recruits[i];
        if (!recruit->busy && (recruit->step == PLAYING || recruit->step == REJOIN))
            recruit_go_to(recruit, LEAVE);
    }
}

bool enlist_has_left(const enlistment *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const struct recruit *recruit = &list->recruits[i];
        if (leaves(recruit) || (recruit->busy && is_seated_next(recruit)))
            return false;
    }
    return true;
}

hearth_status enlist_create(enlistment **out, uv_loop_t *loop, const struct enlist_options *options,
                            uint32_t players, const struct enlist_events *events)
{
    enlistment *list = calloc(1, sizeof(*list));
    if (!list)
        return HEARTH_ENOMEM;
    list->options = options;
    list->events = *events;
    list->count = players;
    list->now_ns = uv_hrtime();
    list->recruits = calloc(players, sizeof(*list->recruits));
    if (!list->recruits || https_create(&list->https, loop, options->ca) != HEARTH_OK) {
        enlist_destroy(list);
        return HEARTH_ENOMEM;
    }
    for (uint32_t i = 0; i < players; i++) {
        struct recruit *recruit = &list->recruits[i];
        recruit->enlist = list;
        recruit->resume = CHARACTER;
        recruit_random_text(recruit->name, "bot-");
        recruit_random_text(recruit->password, "");
        recruit_go_to(recruit, ACCOUNT);
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
