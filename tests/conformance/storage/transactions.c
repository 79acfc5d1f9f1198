/*
 * transactions.c - all or nothing, within one partition.
 */
#include "run.h"

#include <string.h>

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
    hearth_storage_op ops[] = {put_op(&a, "{}", 1, HEARTH_IF_ABSENT, 0),
                               put_op(&b, "{\"n\":2}", 5, HEARTH_IF_VERSION, 3),
                               delete_op(&c, HEARTH_IF_ANY, 0)};
    struct write_result results[3];

    write_one(run, &there);
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
    results_free(results, 2);
    expect_doc(run, &a, 0, NULL);
    expect_doc(run, &b, 1, "{}");
}

static bool refused_whole(struct run *run, const hearth_storage_op *ops, size_t count)
{
    struct write_result results[128];
    bool failed = true;

    call_transact(run, 0, ops, count, results);
    for (size_t i = 0; i < count; i++)
        failed = failed && results[i].outcome == HEARTH_STORAGE_FAILED;
    results_free(results, count);
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
    static char sorts[128][4];
    hearth_storage_op ops[128];
    hearth_key key = key_of(run, "tx-many", "");
    size_t count = run->caps->max_transact + 1;

    EXPECT(run, run->caps->max_transact >= 8, "caps.max_transact is below 8");
    if (count > 128)
        return;
    for (size_t i = 0; i < count; i++) {
        sorts[i][0] = (char)('a' + (int)(i / 16));
        sorts[i][1] = (char)('a' + (int)(i % 16));
        key.sort = (hearth_str){sorts[i], 2};
        ops[i] = put_op(&key, "{}", 1, HEARTH_IF_ABSENT, 0);
    }
    EXPECT(run, refused_whole(run, ops, count), "one more than caps.max_transact was accepted");
    struct write_result results[128];
    call_transact(run, 0, ops, count - 1, results);
    results_free(results, count - 1);
    EXPECT(run, results[0].outcome == HEARTH_STORAGE_OK, "caps.max_transact of them were refused");
}

const struct check transact_checks[] = {
    {"a transaction writes all, across collections of one partition", all},
    {"a refused transaction writes nothing and says which one is to blame", nothing},
    {"a transaction may delete and put", deletes_and_puts},
    {"a transaction over two partitions is FAILED", two_partitions},
    {"a transaction with one key twice is FAILED", one_key_twice},
    {"a transaction of caps.max_transact is accepted, of one more FAILED", too_many},
    {NULL, NULL},
};
