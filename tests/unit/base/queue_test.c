/*
 * queue_test.c - what several threads push arrives once each, in each producer's order.
 * Run under the tsan preset this also shows that the orderings are enough.
 */
#include "../unit.h"

#include <pthread.h>
#include <sched.h>

#include "base/queue.h"

#define PRODUCERS 4
#define MESSAGES  20000

struct message {
    hearth_queue_node node;
    int producer;
    int number;
};

struct producer {
    hearth_queue *queue;
    struct message *messages;
    int id;
};

static void *produce(void *arg)
{
    struct producer *producer = arg;
    for (int i = 0; i < MESSAGES; i++) {
        producer->messages[i].producer = producer->id;
        producer->messages[i].number = i;
        queue_push(producer->queue, &producer->messages[i].node);
    }
    return NULL;
}

static void every_message_arrives_once_and_in_order(void **state)
{
    (void)state;
    static struct message messages[PRODUCERS][MESSAGES];
    hearth_queue queue;
    pthread_t threads[PRODUCERS];
    struct producer producers[PRODUCERS];
    queue_init(&queue);
    for (int i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){&queue, messages[i], i};
        assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
    }
    int next[PRODUCERS] = {0};
    for (int left = PRODUCERS * MESSAGES; left > 0;) {
        hearth_queue_node *node = queue_pop(&queue);
        if (!node) {
            sched_yield();
            continue;
        }
        struct message *message = HEARTH_CONTAINER_OF(node, struct message, node);
        assert_int_equal(message->number, next[message->producer]++);
        left--;
    }
    for (int i = 0; i < PRODUCERS; i++)
        pthread_join(threads[i], NULL);
    assert_null(queue_pop(&queue));
    assert_true(queue_is_empty(&queue));
}

static void a_node_may_be_pushed_again_after_its_pop(void **state)
{
    (void)state;
    hearth_queue queue;
    struct message a = {.number = 1}, b = {.number = 2};
    queue_init(&queue);
    assert_true(queue_is_empty(&queue));
    for (int round = 0; round < 5; round++) {
        queue_push(&queue, &a.node);
        assert_false(queue_is_empty(&queue));
        queue_push(&queue, &b.node);
        assert_ptr_equal(queue_pop(&queue), &a.node);
        queue_push(&queue, &a.node);
        assert_ptr_equal(queue_pop(&queue), &b.node);
        assert_ptr_equal(queue_pop(&queue), &a.node);
        assert_null(queue_pop(&queue));
        assert_true(queue_is_empty(&queue));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_may_be_pushed_again_after_its_pop),
        cmocka_unit_test(every_message_arrives_once_and_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
