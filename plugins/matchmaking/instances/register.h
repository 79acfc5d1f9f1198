/*
 * register.h - an instance on its way into the registry. register.c reads what it says of itself
 * and answers; enlist.c puts it into storage.
 */
#ifndef MATCHMAKING_REGISTER_H
#define MATCHMAKING_REGISTER_H

#include "errand.h"

struct registration {
    struct errand errand; /* first; its id is the new instance's */
    struct instance *instance;
    char *token;                  /* the instance's own, when it is issued */
    char older[HEARTH_UUID_SIZE]; /* whom the address names now */
    bool replaces;                /* and it is lost by this registration */
    uint64_t address_version;     /* of the address's document; 0: there is none */
    uint64_t deadline_ms;
    unsigned attempts;
};

/* The whole way; ends in registration_reply or an error. [FLEET_LOOP] */
void enlist(struct errand *errand);
void registration_reply(struct errand *errand, hearth_req *req);

/* A token for an instance, on the heap, to be wiped; NULL: none could be issued. [loop] */
void issue_token(struct mm_loop *loop, const char *instance, void (*done)(char *token, void *arg),
                 void *arg);
void token_destroy(char *token); /* NULL is fine */

#endif
