/*
 * ending.c - a session that has ended is recorded, and only then leaves the instance's list: until
 * the record is there, whoever asks finds it in the list.
 */
#include "heartbeat.h"

#include "../reports/record.h"

#include <stdlib.h>
#include <string.h>

struct endings { /* of one instance */
    struct mm_loop *loop;
    char instance[HEARTH_UUID_SIZE];
    uint32_t open; /* and one for whoever began them */
    void (*done)(void *arg);
    void *arg;
};

struct ending {           /* of one session */
    struct change change; /* first */
    struct endings *endings;
    char id[HEARTH_UUID_SIZE];
};

static void end_one(struct endings *endings)
{
    if (--endings->open > 0)
        return;
    endings->done(endings->arg);
    free(endings);
}

static enum verdict apply_forget(struct change *change, struct instance *draft, int64_t now_ms)
{
    struct ending *ending = (struct ending *)change;
    (void)now_ms;
    return instance_forget_session(draft, ending->id) ? CHANGED : UNCHANGED;
}

static void on_forgotten(struct change *change, hearth_status status, const struct instance *now)
{
    struct ending *ending = (struct ending *)change;
    (void)status;
    (void)now;
    end_one(ending->endings);
    free(ending);
}

static void on_recorded(hearth_status status, void *arg)
{
    struct ending *ending = arg;
    struct endings *endings = ending->endings;
    if (status != HEARTH_OK) {
        on_forgotten(&ending->change, status, NULL);
        return;
    }
    ending->change.apply = apply_forget;
    ending->change.done = on_forgotten;
    fleet_change(endings->loop->fleet, endings->instance, &ending->change);
}

static void record(struct endings *endings, const struct instance *instance,
                   const struct game_session *session)
{
    struct ending *ending = calloc(1, sizeof(*ending));
    if (!ending)
        return;
    ending->endings = endings;
    memcpy(ending->id, session->id, sizeof(ending->id));
    endings->open++;
    record_end(endings->loop, instance, session, (enum outcome)session->outcome, on_recorded,
               ending);
}

void end_sessions(struct mm_loop *loop, const struct instance *instance, void (*done)(void *arg),
                  void *arg)
{
    struct endings *endings = calloc(1, sizeof(*endings));
    if (!endings) {
        done(arg);
        return;
    }
    *endings = (struct endings){.loop = loop, .open = 1, .done = done, .arg = arg};
    memcpy(endings->instance, instance->id, sizeof(endings->instance));
    for (uint32_t i = 0; i < instance->session_count; i++) {
        if (instance->sessions[i].outcome != OUTCOME_NONE)
            record(endings, instance, &instance->sessions[i]);
    }
    end_one(endings);
}
