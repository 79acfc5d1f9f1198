/*
 * holds.c - see holds.h.
 */
#include "holds.h"

static void on_released(hearth_status status, const hearth_character_view *view, void *arg)
{
    struct mm_loop *loop = arg;
    (void)view;
    if (status != HEARTH_OK && status != HEARTH_ENOTFOUND)
        HEARTH_LOG(loop->log, loop->ctx, NULL, HEARTH_LOG_DEBUG,
                   "a hold was not released (status %d); it ends when its seat is asked for",
                   (int)status);
}

void holds_release(struct mm_loop *loop, const char *game_sim, const struct member *member)
{
    loop->characters->release(loop->characters_ctx, str_of(member->user), str_of(member->character),
                              str_of(game_sim), on_released, loop);
}

static void release_session(struct mm_loop *loop, const struct game_session *session)
{
    for (uint32_t i = 0; i < session->member_count; i++) {
        if (session->members[i].seat >= 0)
            holds_release(loop, session->id, &session->members[i]);
    }
}

void holds_release_instance(struct mm_loop *loop, const struct instance *instance)
{
    for (uint32_t i = 0; i < instance->session_count; i++)
        release_session(loop, &instance->sessions[i]);
}
