/*
 * held.c - whether the hold on a character still counts: only while its seat stands. Asked by
 * hearth.characters/1 before it refuses an intent.
 */
#include "held.h"

#include "../fleet/fleet.h"

#include <stdlib.h>
#include <string.h>

struct question {
    char user[HEARTH_UUID_SIZE], character[HEARTH_UUID_SIZE];
    hearth_hold_answer_fn answer;
    void *answer_arg;
};

/* What cannot be found out counts as standing: the intent may be tried again. */
static void on_session(hearth_status status, const struct instance *instance,
                       const struct game_session *session, void *arg)
{
    struct question *question = arg;
    const struct member *member =
        status == HEARTH_OK ? session_member(session, question->user) : NULL;
    int stands = status == HEARTH_OK ? member && seat_stands(instance, session, member) &&
                                           strcmp(member->character, question->character) == 0
                                     : status != HEARTH_ENOTFOUND;
    question->answer(stands, question->answer_arg);
    free(question);
}

static void ask(hearth_str user, hearth_str character, hearth_str holder,
                hearth_hold_answer_fn answer, void *answer_arg, void *arg)
{
    struct mm_loop *loop = arg;
    struct question *question = calloc(1, sizeof(*question));
    char game_sim[HEARTH_UUID_SIZE];
    if (!question) {
        answer(1, answer_arg);
        return;
    }
    question->answer = answer;
    question->answer_arg = answer_arg;
    if (body_uuid(user, question->user) && body_uuid(character, question->character) &&
        body_uuid(holder, game_sim)) {
        lookup_session(loop, game_sim, on_session, question);
        return;
    }
    answer(0, answer_arg); /* not one of ours */
    free(question);
}

hearth_status held_start(struct mm_loop *loop)
{
    return loop->characters->on_held(loop->characters_ctx, ask, loop);
}
