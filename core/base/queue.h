/*
 * queue.h - an intrusive queue for many producers and one consumer, without locks.
 * Dmitry Vyukov's algorithm: a push is one atomic exchange and one store, and never waits; this
 * is what carries requests and replies between loops.
 */
#ifndef HEARTH_BASE_QUEUE_H
#define HEARTH_BASE_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/compiler.h"

/* A member of what is queued. It belongs to the queue from push until pop. */
typedef struct hearth_queue_node {
    _Atomic(struct hearth_queue_node *) next;
} hearth_queue_node;

#define HEARTH_CACHE_LINE 64

/* Producers and the consumer work on different cache lines. */
typedef struct hearth_queue {
    _Atomic(hearth_queue_node *) newest;
    char apart[HEARTH_CACHE_LINE - sizeof(void *)];
    hearth_queue_node *oldest;
    hearth_queue_node stub;
} hearth_queue;

void queue_init(hearth_queue *queue);

/* [any] In the order of one producer. Wake the consumer after the push, never before. */
void queue_push(hearth_queue *queue, hearth_queue_node *node);

/*
 * [the consumer] The oldest node, or NULL: the queue is empty, or a producer is half-way through a
 * push and what it and later ones pushed is not reachable yet. That producer's wake-up is still to
 * come, so a consumer that goes to sleep on NULL misses nothing.
 */
hearth_queue_node *queue_pop(hearth_queue *queue);

/* [the consumer] Whether nothing was pushed that has not been popped; half-way pushes count. */
bool queue_is_empty(hearth_queue *queue);

#endif
