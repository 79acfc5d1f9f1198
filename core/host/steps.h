/*
 * steps.h - what every loop does at each step of the host's life, and the count of the answers.
 */
#ifndef HEARTH_HOST_STEPS_H
#define HEARTH_HOST_STEPS_H

#include "host/lifecycle.h"

typedef void (*host_step)(hearth_loop *loop, hearth_letter *letter);

/* Sends a step to every loop; `next` runs on the main loop when all have answered. An answer to an
 * earlier step that was given up does not count. [main] */
void steps_begin(host_state *host, host_step step, void (*next)(host_state *host));
/* Tells every loop something that needs no answer. [main] */
void steps_tell(host_state *host, host_step step);

/* [loop] */
void step_start(hearth_loop *loop, hearth_letter *letter);
void step_accept(hearth_loop *loop, hearth_letter *letter);
void step_close(hearth_loop *loop, hearth_letter *letter);
void step_abort(hearth_loop *loop, hearth_letter *letter);
void step_drain(hearth_loop *loop, hearth_letter *letter);
void step_stop(hearth_loop *loop, hearth_letter *letter);

/* Answers the present step, from the loop. */
void step_done(host_loop *loop);

#endif
