/*
 * mailbox.c - a queue for many producers, and one wake-up for everything in it.
 * `senders` makes closing safe against threads that are inside a send: the queue may be freed only
 * when nobody is left who has seen it open.
 */
#include "net/mailbox.h"

#include <sched.h>

void mailbox_init(hearth_mailbox *mailbox)
{
    queue_init(&mailbox->queue);
    atomic_init(&mailbox->announced, false);
    atomic_init(&mailbox->closed, false);
    atomic_init(&mailbox->senders, 0);
}

bool mailbox_put(hearth_mailbox *mailbox, hearth_letter *letter)
{
    atomic_fetch_add(&mailbox->senders, 1);
    if (atomic_load(&mailbox->closed)) {
        mailbox_release(mailbox);
        return false;
    }
    queue_push(&mailbox->queue, &letter->node);
    return true;
}

void mailbox_release(hearth_mailbox *mailbox)
{
    atomic_fetch_sub(&mailbox->senders, 1);
}

void mailbox_announce(hearth_mailbox *mailbox)
{
    if (!atomic_exchange(&mailbox->announced, true) && !atomic_load(&mailbox->closed))
        uv_async_send(&mailbox->async);
}

void mailbox_begin(hearth_mailbox *mailbox)
{
    atomic_store(&mailbox->announced, false);
}

hearth_letter *mailbox_take(hearth_mailbox *mailbox)
{
    hearth_queue_node *node = queue_pop(&mailbox->queue);
    return node ? HEARTH_CONTAINER_OF(node, hearth_letter, node) : NULL;
}

void mailbox_close(hearth_mailbox *mailbox)
{
    atomic_store(&mailbox->closed, true);
    while (atomic_load(&mailbox->senders) > 0)
        sched_yield();
}
