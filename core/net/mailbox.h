/*
 * mailbox.h - letters from any thread to one loop.
 * A letter is a member of what it carries, so sending allocates nothing and cannot fail. The
 * receiver is woken once per batch: letters that loops send are announced when their turn ends.
 */
#ifndef HEARTH_NET_MAILBOX_H
#define HEARTH_NET_MAILBOX_H

#include <stdatomic.h>
#include <uv.h>

#include "base/queue.h"

struct hearth_loop;

/* Belongs to the mailbox from sending until fn runs, on the receiving loop. */
typedef struct hearth_letter {
    hearth_queue_node node;
    void (*fn)(struct hearth_loop *loop, struct hearth_letter *letter);
} hearth_letter;

typedef struct hearth_mailbox {
    hearth_queue queue;
    atomic_bool announced; /* a wake-up is on its way */
    atomic_bool closed;
    atomic_int senders; /* inside mailbox_send now */
    uv_async_t async;
} hearth_mailbox;

#endif
