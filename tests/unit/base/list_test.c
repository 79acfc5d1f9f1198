/*
 * list_test.c - order, removal from anywhere, and moving whole lists.
 */
#include "../unit.h"

#include "base/list.h"

struct item {
    int number;
    hearth_list link;
};

static void assert_order(hearth_list *head, const int *numbers, size_t count)
{
    size_t seen = 0;
    HEARTH_LIST_EACH(link, head)
    {
        assert_in_range(seen, 0, count - 1);
        assert_int_equal(HEARTH_LIST_ENTRY(link, struct item, link)->number, numbers[seen]);
        seen++;
    }
    assert_int_equal(seen, count);
}

static void items_keep_their_order(void **state)
{
    (void)state;
    hearth_list head;
    struct item items[4] = {{.number = 0}, {.number = 1}, {.number = 2}, {.number = 3}};
    list_init(&head);
    assert_true(list_is_empty(&head));
    assert_null(list_pop_front(&head));
    list_push_back(&head, &items[1].link);
    list_push_back(&head, &items[3].link);
    list_push_front(&head, &items[0].link);
    list_insert_before(&items[3].link, &items[2].link);
    assert_order(&head, (int[]){0, 1, 2, 3}, 4);
    list_remove(&items[2].link);
    list_remove(&items[2].link);
    assert_true(list_is_empty(&items[2].link));
    assert_order(&head, (int[]){0, 1, 3}, 3);
    assert_ptr_equal(list_pop_front(&head), &items[0].link);
    HEARTH_LIST_EACH(link, &head)
    {
        list_remove(link);
    }
    assert_true(list_is_empty(&head));
}

static void a_list_moves_behind_another(void **state)
{
    (void)state;
    hearth_list one, two;
    struct item items[4] = {{.number = 0}, {.number = 1}, {.number = 2}, {.number = 3}};
    list_init(&one);
    list_init(&two);
    list_splice_back(&one, &two);
    assert_true(list_is_empty(&one));
    list_push_back(&one, &items[0].link);
    list_push_back(&two, &items[1].link);
    list_push_back(&two, &items[2].link);
    list_splice_back(&one, &two);
    assert_true(list_is_empty(&two));
    list_push_back(&one, &items[3].link);
    assert_order(&one, (int[]){0, 1, 2, 3}, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_keep_their_order),
        cmocka_unit_test(a_list_moves_behind_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
