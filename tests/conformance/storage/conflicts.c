/*
 * conflicts.c - who is refused is shown the whole document that is there: its write id says whether
 * that was the same write, done before.
 */
#include "run.h"

static void whole_document(struct run *run)
{
    hearth_key key = key_of(run, "conflict", "a");
    hearth_storage_op there = rich_op(&key, 4);
    hearth_storage_op stale = put_op(&key, "{\"mine\":1}", 4, HEARTH_IF_VERSION, 3);
    hearth_storage_op absent = put_op(&key, "{\"mine\":2}", 1, HEARTH_IF_ABSENT, 0);
    hearth_storage_op epoch = put_op(&key, "{\"mine\":3}", 5, HEARTH_IF_EPOCH, 0);
    hearth_storage_op both =
        put_op(&key, "{\"mine\":4}", 5, HEARTH_IF_EPOCH | HEARTH_IF_VERSION, 4);
    hearth_storage_op gone = delete_op(&key, HEARTH_IF_VERSION, 5);
    hearth_storage_op gone_epoch = delete_op(&key, HEARTH_IF_EPOCH, 0);
    hearth_storage_op gone_absent = delete_op(&key, HEARTH_IF_ABSENT, 0);
    const struct {
        const char *what;
        const hearth_storage_op *op;
    } refused[] = {
        {"a put on a stale version", &stale},   {"a put with absent", &absent},
        {"a put with another epoch", &epoch},   {"a put with the version, another epoch", &both},
        {"a delete of another version", &gone}, {"a delete with another epoch", &gone_epoch},
        {"a delete with absent", &gone_absent},
    };

    EXPECT(run, write_one(run, &there) == HEARTH_STORAGE_OK, "a put was refused");
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct write_result result;
        call_write(run, (uint32_t)i, refused[i].op, 1, &result);
        expect_conflict(run, refused[i].what, &result, &there.doc);
        results_free(&result, 1);
    }
    expect_read(run, "what is there after all that", 0, &there.doc);
}

static void of_a_transaction(struct run *run)
{
    hearth_key a = key_of(run, "conflict-tx", "a"), b = key_of(run, "conflict-tx", "b");
    hearth_storage_op there = rich_op(&a, 4);
    hearth_storage_op ops[] = {put_op(&a, "{}", 4, HEARTH_IF_VERSION, 3),
                               put_op(&b, "{}", 1, HEARTH_IF_ABSENT, 0)};
    struct write_result results[2];

    write_one(run, &there);
    call_transact(run, 1, ops, 2, results);
    expect_conflict(run, "the one to blame", &results[0], &there.doc);
    expect_conflict(run, "the other", &results[1], NULL);
    results_free(results, 2);
    expect_doc(run, &b, 0, NULL);
}

static void within_a_batch(struct run *run)
{
    hearth_key key = key_of(run, "conflict-batch", "a");
    hearth_storage_op ops[] = {
        rich_op(&key, 1), rich_op(&key, 2), put_op(&key, "{}", 2, HEARTH_IF_VERSION, 1),
        delete_op(&key, HEARTH_IF_VERSION, 2), put_op(&key, "{}", 3, HEARTH_IF_VERSION, 2)};
    struct write_result results[5];

    call_write(run, 0, ops, 5, results);
    expect_conflict(run, "a put behind a newer one", &results[2], &ops[1].doc);
    expect_conflict(run, "a put behind a delete", &results[4], NULL);
    bool ok = results[0].outcome == HEARTH_STORAGE_OK && results[3].outcome == HEARTH_STORAGE_OK;
    results_free(results, 5);
    EXPECT(run, ok, "an operation whose condition holds was refused");
    expect_doc(run, &key, 0, NULL);
}

static void of_nothing(struct run *run)
{
    hearth_key key = key_of(run, "conflict-nothing", "a");
    hearth_storage_op ops[] = {
        put_op(&key, "{}", 2, HEARTH_IF_VERSION, 0), put_op(&key, "{}", 2, HEARTH_IF_EPOCH, 0),
        delete_op(&key, HEARTH_IF_VERSION, 0), delete_op(&key, HEARTH_IF_EPOCH, 0)};
    struct write_result results[4];

    call_write(run, 0, ops, 4, results);
    for (size_t i = 0; i < 4; i++)
        expect_conflict(run, "a version or epoch of 0, where nothing is", &results[i], NULL);
    results_free(results, 4);
    hearth_storage_op op = delete_op(&key, HEARTH_IF_ABSENT, 0);
    EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_OK,
           "a delete with absent, where nothing is, was refused");
}

const struct check conflict_checks[] = {
    {"a conflict comes with the whole document that is there", whole_document},
    {"so does the one of a transaction that is to blame", of_a_transaction},
    {"a conflict in a batch shows what the batch has made", within_a_batch},
    {"nothing has no version and no epoch", of_nothing},
    {NULL, NULL},
};
