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

/* For loop.c; everybody else sends by loop_send. The async handle is the loop's to open and close.
 */
void mailbox_init(hearth_mailbox *mailbox);
/* [any] False: it is closed. After true, the mailbox stays until mailbox_release. */
bool mailbox_put(hearth_mailbox *mailbox, hearth_letter *letter);
void mailbox_release(hearth_mailbox *mailbox);
/* [any] Wakes the receiver, unless somebody has done so already. */
void mailbox_announce(hearth_mailbox *mailbox);
/* [loop] Before taking: announcements from now on wake again. */
void mailbox_begin(hearth_mailbox *mailbox);
hearth_letter *mailbox_take(hearth_mailbox *mailbox);
/* [loop] Refuses further letters and waits for those half-way in. */
void mailbox_close(hearth_mailbox *mailbox);

#endif
