/*
 * loop.c - the turn of a loop: read the clock, run timers, deliver letters, handle sockets, then
 * announce the letters that were sent, and sleep.
 */
#include "net/loop.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "net/mailbox.h"

#define ARENA_CHUNK     ((size_t)16384)
#define ARENA_FREE_MAX  ((size_t)256)
#define LETTERS_PER_RUN 1024

static _Thread_local hearth_loop *current;

hearth_loop *loop_current(void)
{
    return current;
}

uint64_t loop_random(hearth_loop *loop)
{
    uint64_t *s = loop->random; /* xoshiro256**, Blackman and Vigna */
    uint64_t product = s[1] * 5;
    uint64_t result = ((product << 7) | (product >> 57)) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return result;
}

static void on_wheel_timer(uv_timer_t *timer)
{
    hearth_loop *loop = timer->data;
    loop->wheel_armed_ms = WHEEL_NEVER;
    loop_wake(loop);
    loop->now_ms = uv_now(&loop->uv);
    wheel_advance(&loop->wheel, loop->now_ms);
}

/* One uv timer stands for the whole wheel; it is moved only when something is due sooner. */
static void arm_wheel(hearth_loop *loop)
{
    uint64_t wait = wheel_next(&loop->wheel, loop->now_ms);
    if (wait == WHEEL_NEVER)
        return;
    uint64_t at = loop->now_ms + wait;
    if (loop->wheel_armed_ms <= at)
        return;
    loop->wheel_armed_ms = at;
    uv_timer_start(&loop->wheel_timer, on_wheel_timer, wait, 0);
}

static void announce(hearth_loop *loop)
{
    for (uint32_t i = 0; i < loop->announce_count; i++) {
        hearth_loop *to = loop->announce[i];
        loop->announce_seen[to->index / 64] &= ~(UINT64_C(1) << (to->index % 64));
        mailbox_announce(&to->mailbox);
    }
    loop->announce_count = 0;
}

/* Before the loop waits for events. */
static void on_prepare(uv_prepare_t *prepare)
{
    hearth_loop *loop = prepare->data;
    announce(loop);
    if (loop->stopping) {
        uv_stop(&loop->uv);
        return;
    }
    arm_wheel(loop);
    loop_leave(loop);
    atomic_store_explicit(&loop->activity.awake, false, memory_order_release);
}

static void on_letters(hearth_loop *loop)
{
    for (int i = 0; i < LETTERS_PER_RUN; i++) {
        hearth_letter *letter = mailbox_take(&loop->mailbox);
        if (!letter)
            return;
        letter->fn(loop, letter);
    }
    mailbox_announce(&loop->mailbox); /* the rest in the next turn, after the sockets */
}

/* After the sockets: for turns in which none of our callbacks ran. */
static void on_check(uv_check_t *check)
{
    hearth_loop *loop = check->data;
    loop_wake(loop);
}

static void on_async(uv_async_t *async)
{
    hearth_loop *loop = async->data;
    loop_wake(loop);
    mailbox_begin(&loop->mailbox);
    on_letters(loop);
}

static hearth_status init_handles(hearth_loop *loop, hearth_error *error)
{
    int rc = uv_loop_init(&loop->uv);
    if (rc != 0)
        return error_set(error, HEARTH_EUNAVAILABLE, "event loop %u: %s", loop->index,
                         uv_strerror(rc));
    rc = uv_async_init(&loop->uv, &loop->mailbox.async, on_async);
    if (rc != 0) {
        uv_loop_close(&loop->uv);
        return error_set(error, HEARTH_EUNAVAILABLE, "event loop %u: no wake-up descriptor: %s",
                         loop->index, uv_strerror(rc));
    }
    loop->mailbox.async.data = loop;
    uv_timer_init(&loop->uv, &loop->wheel_timer);
    loop->wheel_timer.data = loop;
    uv_prepare_init(&loop->uv, &loop->prepare);
    loop->prepare.data = loop;
    uv_prepare_start(&loop->prepare, on_prepare);
    uv_check_init(&loop->uv, &loop->check);
    loop->check.data = loop;
    uv_check_start(&loop->check, on_check);
    return HEARTH_OK;
}

hearth_status loop_init(hearth_loop *loop, uint32_t index, uint32_t count, hearth_error *error)
{
    assert(count >= 1 && count <= LOOP_MAX && index < count);
    memset(loop, 0, sizeof(*loop));
    loop->index = index;
    loop->count = count;
    loop->wheel_armed_ms = WHEEL_NEVER;
    mailbox_init(&loop->mailbox);
    if (getrandom(loop->random, sizeof(loop->random), 0) != (ssize_t)sizeof(loop->random))
        return error_set(error, HEARTH_EUNAVAILABLE, "event loop %u: no random numbers", index);
    loop->read_buffer = malloc(LOOP_READ_BUFFER);
    if (!loop->read_buffer)
        return error_set(error, HEARTH_ENOMEM, "event loop %u: out of memory", index);
    hearth_status status = init_handles(loop, error);
    if (status < 0) {
        free(loop->read_buffer);
        return status;
    }
    arena_pool_init(&loop->arenas, ARENA_CHUNK, ARENA_FREE_MAX);
    loop->now_ms = uv_now(&loop->uv);
    wheel_init(&loop->wheel, loop->now_ms);
    return HEARTH_OK;
}

void loop_run(hearth_loop *loop)
{
    hearth_loop *outer = current;
    current = loop;
    uv_update_time(&loop->uv);
    loop_wake(loop);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    atomic_store_explicit(&loop->activity.awake, false, memory_order_release);
    current = outer;
}

static void on_stop_letter(hearth_loop *loop, hearth_letter *letter)
{
    free(letter);
    loop->stopping = true;
}

void loop_stop(hearth_loop *loop)
{
    if (loop_current() == loop) {
        loop->stopping = true;
        return;
    }
    hearth_letter *letter = malloc(sizeof(*letter));
    if (!letter)
        abort(); /* a loop that cannot be told to stop would hang the process */
    letter->fn = on_stop_letter;
    if (loop_send(loop, letter) < 0)
        free(letter);
}

void loop_finish(hearth_loop *loop)
{
    hearth_loop *outer = current;
    current = loop;
    mailbox_close(&loop->mailbox);
    hearth_letter *letter;
    while ((letter = mailbox_take(&loop->mailbox)))
        letter->fn(loop, letter);
    announce(loop);
    uv_close((uv_handle_t *)&loop->mailbox.async, NULL);
    uv_close((uv_handle_t *)&loop->wheel_timer, NULL);
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    uv_close((uv_handle_t *)&loop->check, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    int rc = uv_loop_close(&loop->uv);
    assert(rc == 0);
    (void)rc;
    arena_pool_finish(&loop->arenas);
    free(loop->read_buffer);
    current = outer;
}

hearth_status loop_send(hearth_loop *to, hearth_letter *letter)
{
    if (!mailbox_put(&to->mailbox, letter))
        return HEARTH_ECANCELED;
    hearth_loop *from = loop_current();
    if (!from) {
        mailbox_announce(&to->mailbox);
        mailbox_release(&to->mailbox);
        return HEARTH_OK;
    }
    uint64_t bit = UINT64_C(1) << (to->index % 64);
    if (!(from->announce_seen[to->index / 64] & bit)) {
        from->announce_seen[to->index / 64] |= bit;
        from->announce[from->announce_count++] = to;
    }
    mailbox_release(&to->mailbox);
    return HEARTH_OK;
}
