/*
 * enlist_state.h - what the files of the enlistment share; private to this folder.
 */
#ifndef BOT_ENLIST_STATE_H
#define BOT_ENLIST_STATE_H

#include "bot/enlist.h"

#include <jansson.h>

#define SECOND_NS UINT64_C(1000000000)

enum step {
    ACCOUNT,
    LOGIN,
    CHARACTER,
    READY, /* until everybody is */
    AWAIT, /* until the group has a session */
    SEEK,
    REJOIN,
    LEAVE,
    LOOK, /* at the character: which version is it? */
    REST,
    PLAYING,
    GONE,
    FAILED
};

struct recruit {
    struct enlistment *enlist;
    enum step step, resume; /* resume: after a new login */
    bool busy;
    unsigned attempts;
    uint64_t due_ns, deadline_ns;
    char name[40], password[40], key[40];
    char token[4096], character[64];
    json_int_t version; /* of the character */
    char session[UUID_TEXT];
    int seat;
    unsigned rounds; /* sessions so far: whoever joins a group's waits for the next one */
};

struct enlistment {
    const struct enlist_options *options;
    https_client *https;
    struct enlist_events events;
    struct recruit *recruits;
    uint32_t count, busy;
    uint64_t now_ns;
    bool seeking; /* everybody has a character */
    bool leaving;
};

void recruit_random_text(char *out, const char *prefix);
uint32_t recruit_number(const struct recruit *recruit);

/* The first of its group, perhaps itself; NULL in another mode. */
struct recruit *recruit_leader(const struct recruit *recruit);

void recruit_go_to(struct recruit *recruit, enum step step);
void recruit_give_up(struct recruit *recruit, const char *why);

/* enlist_answer.c: an https_done_fn. */
void recruit_on_answer(void *arg, const https_reply *reply);

/* enlist_request.c */
void recruit_send(struct recruit *recruit);

#endif
