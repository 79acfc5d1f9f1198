/*
 * conditions.c - get, put and delete of one document, under every condition.
 */
#include "run.h"

static void absent_is_not_found(struct run *run)
{
    hearth_key key = key_of(run, "absent", "a");
    expect_doc(run, &key, 0, NULL);
}

static void put_then_get(struct run *run)
{
    hearth_key key = key_of(run, "roundtrip", "s");
    hearth_storage_op op = rich_op(&key, 7), plain = put_op(&key, "{}", 8, HEARTH_IF_ANY, 0);

    EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_OK, "an unconditional put was refused");
    expect_read(run, "read on another loop", 1, &op.doc);
    expect_read(run, "read on the same loop", 0, &op.doc);
    EXPECT(run, write_one(run, &plain) == HEARTH_STORAGE_OK, "a put over it was refused");
    expect_read(run, "a plain one over it", 0, &plain.doc);
}

/* Each loop has read before the other writes: no loop may go on showing what it had. */
static void seen_on_every_loop(struct run *run)
{
    hearth_key key = key_of(run, "loops", "a");
    hearth_storage_op op = rich_op(&key, 1);

    for (uint64_t version = 1; version <= 6; version++) {
        struct write_result result;
        op.doc.version = version;
        call_write(run, (uint32_t)version, &op, 1, &result);
        results_free(&result, 1);
        EXPECT(run, result.outcome == HEARTH_STORAGE_OK, "a put was refused");
        for (uint32_t loop = 0; loop < run->ctx->loops; loop++)
            expect_read(run, "after a put on another loop", loop, &op.doc);
    }
    op = delete_op(&key, HEARTH_IF_ANY, 0);
    write_one(run, &op);
    for (uint32_t loop = 0; loop < run->ctx->loops; loop++)
        EXPECT(run, call_get(run, loop, &key, NULL) == HEARTH_ENOTFOUND,
               "after a delete it is still there on loop %u", loop);
}

static void empty_sort_is_a_key(struct run *run)
{
    hearth_key key = key_of(run, "emptysort", "");
    hearth_storage_op op = put_op(&key, "{}", 1, HEARTH_IF_ABSENT, 0);
    EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_OK, "a put with an empty sort was refused");
    expect_doc(run, &key, 1, "{}");
}

static void absent_wins_once(struct run *run)
{
    hearth_key key = key_of(run, "once", "a");
    hearth_storage_op first = put_op(&key, "{\"n\":1}", 1, HEARTH_IF_ABSENT, 0);
    hearth_storage_op second = put_op(&key, "{\"n\":2}", 2, HEARTH_IF_ABSENT, 0);
    struct write_result result;

    EXPECT(run, write_one(run, &first) == HEARTH_STORAGE_OK, "the first was refused");
    call_write(run, 0, &second, 1, &result);
    bool told = result.outcome == HEARTH_STORAGE_CONFLICT && result.current &&
                result.current->doc.version == 1 &&
                json_same(result.current->doc.body, "{\"n\":1}");
    results_free(&result, 1);
    EXPECT(run, told, "expected CONFLICT with the document that is there, found outcome %d",
           result.outcome);
    expect_doc(run, &key, 1, "{\"n\":1}");
}

static void version_must_match(struct run *run)
{
    hearth_key key = key_of(run, "version", "a");
    hearth_storage_op first = put_op(&key, "{\"n\":1}", 1, HEARTH_IF_ANY, 0);
    hearth_storage_op next = put_op(&key, "{\"n\":2}", 2, HEARTH_IF_VERSION, 1);
    hearth_storage_op stale = put_op(&key, "{\"n\":3}", 2, HEARTH_IF_VERSION, 1);
    struct write_result result;

    write_one(run, &first);
    EXPECT(run, write_one(run, &next) == HEARTH_STORAGE_OK, "the matching version was refused");
    call_write(run, 0, &stale, 1, &result);
    bool told = result.outcome == HEARTH_STORAGE_CONFLICT && result.current &&
                result.current->doc.version == 2;
    results_free(&result, 1);
    EXPECT(run, told, "a stale version: expected CONFLICT with version 2, found outcome %d",
           result.outcome);
    stale.base_version = 3;
    stale.doc.version = 4;
    EXPECT(run, write_one(run, &stale) == HEARTH_STORAGE_CONFLICT,
           "a version that is yet to come was let in");
    expect_doc(run, &key, 2, "{\"n\":2}");
}

static void version_of_nothing(struct run *run)
{
    hearth_key key = key_of(run, "nothing", "a");
    hearth_storage_op op = put_op(&key, "{}", 2, HEARTH_IF_VERSION, 1);
    struct write_result result;

    call_write(run, 0, &op, 1, &result);
    bool told = result.outcome == HEARTH_STORAGE_CONFLICT && !result.current;
    results_free(&result, 1);
    EXPECT(run, told, "expected CONFLICT without a document, found outcome %d", result.outcome);
    expect_doc(run, &key, 0, NULL);
}

static void epoch_fences(struct run *run)
{
    hearth_key key = key_of(run, "epoch", "a");
    hearth_storage_op op = put_op(&key, "{}", 1, HEARTH_IF_ANY, 0);

    op.doc.epoch = 5;
    write_one(run, &op);
    op.condition = HEARTH_IF_EPOCH;
    op.base_epoch = 4;
    op.doc.version = 2;
    EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_CONFLICT, "an older epoch was let in");
    op.base_epoch = 5;
    EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_OK, "the right epoch was refused");
    op.condition = HEARTH_IF_EPOCH | HEARTH_IF_VERSION;
    op.base_version = 1;
    EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_CONFLICT,
           "the right epoch with a stale version was let in");
    op.base_version = 2;
    op.base_epoch = 6;
    EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_CONFLICT,
           "a wrong epoch with the right version was let in");
    op.base_epoch = 5;
    EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_OK, "both right, and yet refused");
    hearth_storage_op gone = delete_op(&key, HEARTH_IF_EPOCH, 0);
    gone.base_epoch = 4;
    EXPECT(run, write_one(run, &gone) == HEARTH_STORAGE_CONFLICT,
           "a delete with an older epoch was let in");
    gone.base_epoch = 5;
    EXPECT(run, write_one(run, &gone) == HEARTH_STORAGE_OK,
           "a delete with the right epoch was refused");
    expect_doc(run, &key, 0, NULL);
}

static void delete_needs_its_condition(struct run *run)
{
    hearth_key key = key_of(run, "delete", "a");
    hearth_storage_op put = put_op(&key, "{}", 3, HEARTH_IF_ANY, 0);
    hearth_storage_op stale = delete_op(&key, HEARTH_IF_VERSION, 2);
    hearth_storage_op right = delete_op(&key, HEARTH_IF_VERSION, 3);

    write_one(run, &put);
    EXPECT(run, write_one(run, &stale) == HEARTH_STORAGE_CONFLICT, "a stale delete was let in");
    stale.base_version = 4;
    EXPECT(run, write_one(run, &stale) == HEARTH_STORAGE_CONFLICT,
           "a delete of a version that is yet to come was let in");
    expect_doc(run, &key, 3, "{}");
    EXPECT(run, write_one(run, &right) == HEARTH_STORAGE_OK, "the right delete was refused");
    expect_doc(run, &key, 0, NULL);
    EXPECT(run, write_one(run, &right) == HEARTH_STORAGE_CONFLICT,
           "a conditional delete of nothing was let in");
}

static void delete_of_nothing_is_ok(struct run *run)
{
    hearth_key key = key_of(run, "delete-nothing", "a");
    hearth_storage_op op = delete_op(&key, HEARTH_IF_ANY, 0);
    EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_OK, "it was refused");
}

static void absent_again_after_delete(struct run *run)
{
    hearth_key key = key_of(run, "again", "a");
    hearth_storage_op put = put_op(&key, "{}", 1, HEARTH_IF_ABSENT, 0);
    hearth_storage_op gone = delete_op(&key, HEARTH_IF_ANY, 0);

    write_one(run, &put);
    write_one(run, &gone);
    EXPECT(run, write_one(run, &put) == HEARTH_STORAGE_OK, "a deleted key is not absent");
}

const struct check condition_checks[] = {
    {"a key never written is NOT_FOUND", absent_is_not_found},
    {"a put is read back whole, on another loop too", put_then_get},
    {"a confirmed change is seen on every loop", seen_on_every_loop},
    {"a sort may be empty", empty_sort_is_a_key},
    {"of two puts with absent the second is CONFLICT with the first's document", absent_wins_once},
    {"a put on a stale version is CONFLICT with the present document", version_must_match},
    {"a put on a version of nothing is CONFLICT without document", version_of_nothing},
    {"an epoch that is not mine is CONFLICT, alone and with a version", epoch_fences},
    {"a delete obeys its condition", delete_needs_its_condition},
    {"an unconditional delete of nothing is OK", delete_of_nothing_is_ok},
    {"a deleted key is absent again", absent_again_after_delete},
    {NULL, NULL},
};
