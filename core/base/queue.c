/*
 * queue.c - the algorithm of queue.h.
 * `newest` is where producers append, `oldest` where the consumer reads. A stub node stands in
 * when the last real one is taken out, so that neither end is ever NULL.
 */
#include "base/queue.h"

void queue_init(hearth_queue *queue)
{
    atomic_init(&queue->stub.next, NULL);
    atomic_init(&queue->newest, &queue->stub);
    queue->oldest = &queue->stub;
}

void queue_push(hearth_queue *queue, hearth_queue_node *node)
{
    atomic_store_explicit(&node->next, NULL, memory_order_relaxed);
    hearth_queue_node *before =
        atomic_exchange_explicit(&queue->newest, node, memory_order_acq_rel);
    /* Between these two lines the chain is cut: queue_pop then reports NULL. */
    atomic_store_explicit(&before->next, node, memory_order_release);
}

hearth_queue_node *queue_pop(hearth_queue *queue)
{
    hearth_queue_node *oldest = queue->oldest;
    hearth_queue_node *next = atomic_load_explicit(&oldest->next, memory_order_acquire);
    if (oldest == &queue->stub) {
        if (!next)
            return NULL;
        queue->oldest = oldest = next;
        next = atomic_load_explicit(&oldest->next, memory_order_acquire);
    }
    if (!next) {
        if (oldest != atomic_load_explicit(&queue->newest, memory_order_acquire))
            return NULL;
        queue_push(queue, &queue->stub);
        next = atomic_load_explicit(&oldest->next, memory_order_acquire);
        if (!next)
            return NULL;
    }
    queue->oldest = next;
    return oldest;
}

bool queue_is_empty(hearth_queue *queue)
{
    return queue->oldest == &queue->stub &&
           atomic_load_explicit(&queue->newest, memory_order_acquire) == &queue->stub;
}
