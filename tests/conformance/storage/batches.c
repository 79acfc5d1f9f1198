/*
 * batches.c - many operations in one call: independent, in order on one key, in any number.
 */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>

#define MANY 10000

static void independent(struct run *run)
{
    hearth_key taken = key_of(run, "independent", "taken"),
               free_key = key_of(run, "independent", "f");
    hearth_storage_op first = put_op(&taken, "{}", 1, HEARTH_IF_ANY, 0);
    hearth_storage_op ops[] = {
        put_op(&taken, "{}", 2, HEARTH_IF_ABSENT, 0),
        put_op(&free_key, "{}", 1, HEARTH_IF_ABSENT, 0),
    };
    struct write_result results[2];

    write_one(run, &first);
    call_write(run, 0, ops, 2, results);
    results_free(results, 2);
    EXPECT(run, results[0].outcome == HEARTH_STORAGE_CONFLICT, "the conflicting one got through");
    EXPECT(run, results[1].outcome == HEARTH_STORAGE_OK, "its neighbour was refused with it");
    expect_doc(run, &free_key, 1, "{}");
}

static void ordered_on_one_key(struct run *run)
{
    hearth_key key = key_of(run, "ordered", "a");
    hearth_storage_op ops[] = {
        put_op(&key, "{\"n\":1}", 1, HEARTH_IF_ABSENT, 0),
        put_op(&key, "{\"n\":2}", 2, HEARTH_IF_VERSION, 1),
        put_op(&key, "{\"n\":3}", 3, HEARTH_IF_VERSION, 2),
        put_op(&key, "{\"n\":9}", 9, HEARTH_IF_VERSION, 2),
    };
    struct write_result results[4];

    call_write(run, 0, ops, 4, results);
    results_free(results, 4);
    EXPECT(run,
           results[0].outcome == HEARTH_STORAGE_OK && results[1].outcome == HEARTH_STORAGE_OK &&
               results[2].outcome == HEARTH_STORAGE_OK,
           "a chain of versions in one batch was broken");
    EXPECT(run, results[3].outcome == HEARTH_STORAGE_CONFLICT, "a stale one behind it got through");
    expect_doc(run, &key, 3, "{\"n\":3}");
}

static void puts_and_deletes_in_turn(struct run *run)
{
    hearth_key key = key_of(run, "turns", "a");
    hearth_storage_op ops[] = {
        put_op(&key, "{\"n\":1}", 1, HEARTH_IF_ABSENT, 0), delete_op(&key, HEARTH_IF_VERSION, 1),
        put_op(&key, "{\"n\":2}", 5, HEARTH_IF_ABSENT, 0), delete_op(&key, HEARTH_IF_ANY, 0),
        put_op(&key, "{\"n\":3}", 2, HEARTH_IF_ABSENT, 0)};
    struct write_result results[5];
    size_t ok = 0;

    call_write(run, 1, ops, 5, results);
    for (size_t i = 0; i < 5; i++)
        ok += results[i].outcome == HEARTH_STORAGE_OK;
    results_free(results, 5);
    EXPECT(run, ok == 5, "of 5 that follow from each other %zu were OK", ok);
    expect_doc(run, &key, 2, "{\"n\":3}");
}

static void none_at_all(struct run *run)
{
    struct write_result result;
    call_write(run, 0, NULL, 0, &result);
}

static void ten_thousand(struct run *run)
{
    hearth_storage_op *ops = must(calloc(MANY, sizeof(*ops)));
    struct write_result *results = must(calloc(MANY, sizeof(*results)));
    char(*sorts)[16] = must(calloc(MANY, sizeof(*sorts)));
    hearth_key key = key_of(run, "many", "");
    size_t ok = 0, conflicts = 0;

    for (size_t i = 0; i < MANY; i++) {
        int len = snprintf(sorts[i], sizeof(sorts[i]), "%05zu", i);
        key.sort = (hearth_str){sorts[i], (size_t)len};
        ops[i] = put_op(&key, "{\"hp\":7}", 1, HEARTH_IF_ABSENT, 0);
    }
    call_write(run, 0, ops, MANY, results);
    for (size_t i = 0; i < MANY; i++)
        ok += results[i].outcome == HEARTH_STORAGE_OK;
    results_free(results, MANY);
    call_write(run, 1, ops, MANY, results);
    for (size_t i = 0; i < MANY; i++)
        conflicts += results[i].outcome == HEARTH_STORAGE_CONFLICT && results[i].current;
    results_free(results, MANY);
    free(sorts);
    free(results);
    free(ops);
    EXPECT(run, ok == MANY, "of %d puts %zu were OK", MANY, ok);
    EXPECT(run, conflicts == MANY, "repeated, %zu were CONFLICT with the document", conflicts);
}

const struct check batch_checks[] = {
    {"one operation's conflict does not touch its neighbours", independent},
    {"operations on one key take effect in their order", ordered_on_one_key},
    {"puts and deletes of one key take their turns", puts_and_deletes_in_turn},
    {"a batch of none has its callback", none_at_all},
    {"a batch of 10,000 has 10,000 results", ten_thousand},
    {NULL, NULL},
};
