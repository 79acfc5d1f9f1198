/*
 * transactions.c - all or nothing, within one partition.
 */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>

static void all(struct run *run)
{
    hearth_key a = key_of(run, "tx", "a"), b = key_of(run, "tx", "b");
    b.collection = HEARTH_STR("conformance-other");
    hearth_storage_op ops[] = {put_op(&a, "{\"n\":1}", 1, HEARTH_IF_ABSENT, 0),
                               put_op(&b, "{\"n\":2}", 1, HEARTH_IF_ABSENT, 0)};
    struct write_result results[2];

    call_transact(run, 0, ops, 2, results);
    results_free(results, 2);
    EXPECT(run, results[0].outcome == HEARTH_STORAGE_OK && results[1].outcome == HEARTH_STORAGE_OK,
           "two puts of one partition in two collections were refused");
    expect_doc(run, &a, 1, "{\"n\":1}");
    expect_doc(run, &b, 1, "{\"n\":2}");
}

static void nothing(struct run *run)
{
    hearth_key a = key_of(run, "tx-nothing", "a"), b = key_of(run, "tx-nothing", "b");
    hearth_key c = key_of(run, "tx-nothing", "c");
    hearth_storage_op there = put_op(&b, "{\"n\":1}", 4, HEARTH_IF_ANY, 0);
    hearth_storage_op stays = put_op(&c, "{\"n\":2}", 1, HEARTH_IF_ANY, 0);
    hearth_storage_op ops[] = {put_op(&a, "{}", 1, HEARTH_IF_ABSENT, 0),
                               put_op(&b, "{\"n\":2}", 5, HEARTH_IF_VERSION, 3),
                               delete_op(&c, HEARTH_IF_ANY, 0)};
    struct write_result results[3];

    write_one(run, &there);
    write_one(run, &stays);
    call_transact(run, 0, ops, 3, results);
    bool told = results[1].outcome == HEARTH_STORAGE_CONFLICT && results[1].current &&
                results[1].current->doc.version == 4;
    bool others = results[0].outcome == HEARTH_STORAGE_CONFLICT && !results[0].current &&
                  results[2].outcome == HEARTH_STORAGE_CONFLICT && !results[2].current;
    results_free(results, 3);
    EXPECT(run, told, "the one to blame is not CONFLICT with its document");
    EXPECT(run, others, "the others are not CONFLICT without document");
    expect_doc(run, &a, 0, NULL);
    expect_doc(run, &b, 4, "{\"n\":1}");
    expect_doc(run, &c, 1, "{\"n\":2}");
}

/* Every condition refuses the whole, wherever it stands, and nothing of it has happened. */
static void every_condition(struct run *run)
{
    hearth_key a = key_of(run, "tx-conditions", "a"), b = a, c = a;
    b.sort = HEARTH_STR("b");
    c.sort = HEARTH_STR("c");
    hearth_storage_op there = rich_op(&a, 4);
    const hearth_storage_op refused[] = {
        put_op(&a, "{}", 9, HEARTH_IF_ABSENT, 0),  put_op(&a, "{}", 9, HEARTH_IF_VERSION, 3),
        put_op(&a, "{}", 9, HEARTH_IF_EPOCH, 0),   delete_op(&a, HEARTH_IF_VERSION, 3),
        delete_op(&a, HEARTH_IF_EPOCH, 0),         delete_op(&a, HEARTH_IF_ABSENT, 0),
        put_op(&a, "{}", 9, HEARTH_IF_VERSION, 5),
    };

    write_one(run, &there);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        size_t blame = i % 3;
        hearth_storage_op ops[3] = {put_op(&b, "{}", 1, HEARTH_IF_ANY, 0),
                                    put_op(&c, "{}", 1, HEARTH_IF_ABSENT, 0),
                                    put_op(&c, "{}", 1, HEARTH_IF_ABSENT, 0)};
        ops[2] = ops[blame];
        ops[blame] = refused[i];
        if (blame == 2)
            ops[1] = put_op(&c, "{}", 1, HEARTH_IF_ABSENT, 0);
        struct write_result results[3];
        call_transact(run, (uint32_t)i, ops, 3, results);
        for (size_t n = 0; n < 3; n++)
            expect_conflict(run, n == blame ? "the one to blame" : "one of the others", &results[n],
                            n == blame ? &there.doc : NULL);
        results_free(results, 3);
        expect_doc(run, &b, 0, NULL);
        expect_doc(run, &c, 0, NULL);
        expect_read(run, "what was there", 0, &there.doc);
    }
}

static void what_it_wrote_is_whole(struct run *run)
{
    hearth_key a = key_of(run, "tx-whole", "a"), b = key_of(run, "tx-whole", "b");
    hearth_storage_op ops[] = {rich_op(&a, 3), put_op(&b, "{}", 1, HEARTH_IF_ABSENT, 0)};
    struct write_result results[2];

    call_transact(run, 1, ops, 2, results);
    bool ok = results[0].outcome == HEARTH_STORAGE_OK && results[1].outcome == HEARTH_STORAGE_OK;
    results_free(results, 2);
    EXPECT(run, ok, "it was refused");
    expect_read(run, "the first", 0, &ops[0].doc);
    expect_read(run, "the second", 0, &ops[1].doc);
}

static void one_malformed(struct run *run)
{
    hearth_key a = key_of(run, "tx-malformed", "a"), b = key_of(run, "tx-malformed", "b");
    hearth_storage_op ops[] = {put_op(&a, "{}", 1, HEARTH_IF_ANY, 0),
                               put_op(&b, "[]", 1, HEARTH_IF_ANY, 0)};
    struct write_result results[2];

    call_transact(run, 0, ops, 2, results);
    bool failed = results[1].outcome == HEARTH_STORAGE_FAILED;
    bool other = results[0].outcome != HEARTH_STORAGE_OK;
    results_free(results, 2);
    EXPECT(run, failed && other, "a body that is no JSON object got in, or its neighbour did");
    expect_doc(run, &a, 0, NULL);
}

static void none_at_all(struct run *run)
{
    struct write_result result;
    call_transact(run, 0, NULL, 0, &result);
}

static void deletes_and_puts(struct run *run)
{
    hearth_key a = key_of(run, "tx-mixed", "a"), b = key_of(run, "tx-mixed", "b");
    hearth_storage_op there = put_op(&a, "{}", 1, HEARTH_IF_ANY, 0);
    hearth_storage_op ops[] = {delete_op(&a, HEARTH_IF_VERSION, 1),
                               put_op(&b, "{}", 1, HEARTH_IF_ABSENT, 0)};
    struct write_result results[2];

    write_one(run, &there);
    call_transact(run, 0, ops, 2, results);
    bool ok = results[0].outcome == HEARTH_STORAGE_OK && results[1].outcome == HEARTH_STORAGE_OK;
    results_free(results, 2);
    EXPECT(run, ok, "it was refused");
    expect_doc(run, &a, 0, NULL);
    expect_doc(run, &b, 1, "{}");
}

static bool refused_whole(struct run *run, const hearth_storage_op *ops, size_t count)
{
    struct write_result *results = must(calloc(count, sizeof(*results)));
    bool failed = true;

    call_transact(run, 0, ops, count, results);
    for (size_t i = 0; i < count; i++)
        failed = failed && results[i].outcome == HEARTH_STORAGE_FAILED;
    results_free(results, count);
    free(results);
    return failed;
}

static void two_partitions(struct run *run)
{
    hearth_key a = key_of(run, "tx-one", "a"), b = key_of(run, "tx-two", "a");
    hearth_storage_op ops[] = {put_op(&a, "{}", 1, HEARTH_IF_ANY, 0),
                               put_op(&b, "{}", 1, HEARTH_IF_ANY, 0)};
    EXPECT(run, refused_whole(run, ops, 2), "expected FAILED for every operation");
    expect_doc(run, &a, 0, NULL);
}

static void one_key_twice(struct run *run)
{
    hearth_key a = key_of(run, "tx-twice", "a");
    hearth_storage_op ops[] = {put_op(&a, "{}", 1, HEARTH_IF_ANY, 0),
                               put_op(&a, "{}", 2, HEARTH_IF_ANY, 0)};
    EXPECT(run, refused_whole(run, ops, 2), "expected FAILED for every operation");
    expect_doc(run, &a, 0, NULL);
}

static void too_many(struct run *run)
{
    size_t count = (size_t)run->caps->max_transact + 1;
    hearth_storage_op *ops = must(calloc(count, sizeof(*ops)));
    struct write_result *results = must(calloc(count, sizeof(*results)));
    char(*sorts)[16] = must(calloc(count, sizeof(*sorts)));
    hearth_key key = key_of(run, "tx-many", "");

    for (size_t i = 0; i < count; i++) {
        int len = snprintf(sorts[i], sizeof(sorts[i]), "%06zu", i);
        key.sort = (hearth_str){sorts[i], (size_t)len};
        ops[i] = put_op(&key, "{}", 1, HEARTH_IF_ABSENT, 0);
    }
    if (!refused_whole(run, ops, count))
        run_fail(run, "one more than caps.max_transact was accepted");
    call_transact(run, 0, ops, count - 1, results);
    for (size_t i = 0; i < count - 1; i++) {
        if (results[i].outcome != HEARTH_STORAGE_OK)
            run_fail(run, "of caps.max_transact operations number %zu had outcome %d", i,
                     results[i].outcome);
    }
    results_free(results, count - 1);
    free(sorts);
    free(results);
    free(ops);
}

const struct check transact_checks[] = {
    {"a transaction writes all, across collections of one partition", all},
    {"a refused transaction writes nothing and says which one is to blame", nothing},
    {"every condition refuses a whole transaction", every_condition},
    {"a transaction may delete and put", deletes_and_puts},
    {"what a transaction wrote is whole", what_it_wrote_is_whole},
    {"a transaction with a malformed operation writes nothing", one_malformed},
    {"a transaction of none has its callback", none_at_all},
    {"a transaction over two partitions is FAILED", two_partitions},
    {"a transaction with one key twice is FAILED", one_key_twice},
    {"a transaction of caps.max_transact is accepted, of one more FAILED", too_many},
    {NULL, NULL},
};
