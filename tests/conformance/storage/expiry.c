/*
 * expiry.c - a document with an expiry is there until its moment, and from then on as if it had
 * been deleted: for reads, queries, conditions and conflicts.
 */
#include "run.h"

#include <stdlib.h>
#include <time.h>

static void expired_is_gone(struct run *run)
{
    hearth_key key = key_of(run, "expired", "a"), alive = key_of(run, "expired", "b");
    hearth_storage_op op = put_op(&key, "{}", 5, HEARTH_IF_ANY, 0);
    hearth_storage_op stays = put_op(&alive, "{}", 1, HEARTH_IF_ANY, 0);
    struct page page;

    op.doc.expires_ms = now_ms() - 1000;
    stays.doc.expires_ms = now_ms() + 3600000;
    EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_OK, "a past expiry was refused");
    write_one(run, &stays);
    expect_doc(run, &key, 0, NULL);
    expect_read(run, "the living one", 1, &stays.doc);
    key.sort = (hearth_str){NULL, 0};
    call_query(run, 0, &key, 10, (hearth_str){NULL, 0}, &page);
    size_t count = page.count;
    page_free(&page);
    EXPECT(run, count == 1, "a query shows %zu documents, expected the living one", count);
}

static void expired_is_absent(struct run *run)
{
    hearth_key key = key_of(run, "expired-absent", "a");
    hearth_storage_op op = put_op(&key, "{}", 5, HEARTH_IF_ANY, 0);

    op.doc.expires_ms = now_ms() - 1000;
    write_one(run, &op);
    hearth_storage_op ops[] = {put_op(&key, "{}", 6, HEARTH_IF_VERSION, 5),
                               put_op(&key, "{}", 6, HEARTH_IF_EPOCH, 0),
                               delete_op(&key, HEARTH_IF_VERSION, 5)};
    struct write_result results[3];
    call_write(run, 0, ops, 3, results);
    for (size_t i = 0; i < 3; i++)
        expect_conflict(run, "a condition on an expired document", &results[i], NULL);
    results_free(results, 3);
    hearth_storage_op fresh = put_op(&key, "{\"n\":1}", 1, HEARTH_IF_ABSENT, 0);
    EXPECT(run, write_one(run, &fresh) == HEARTH_STORAGE_OK, "an expired document is not absent");
    expect_doc(run, &key, 1, "{\"n\":1}");
}

static void expires_at_its_moment(struct run *run)
{
    hearth_key key = key_of(run, "soon", "a");
    hearth_storage_op op = put_op(&key, "{}", 1, HEARTH_IF_ANY, 0);
    int64_t moment = now_ms() + 1500;
    hearth_status status = HEARTH_OK;

    op.doc.expires_ms = moment;
    write_one(run, &op);
    while (status == HEARTH_OK && now_ms() < moment + 10000) {
        int64_t before = now_ms();
        status = call_get(run, 0, &key, NULL);
        EXPECT(run, status == HEARTH_OK || now_ms() >= moment, "it ended before its moment");
        EXPECT(run, status != HEARTH_OK || before <= moment + 1000,
               "it outlived its moment by 1 s");
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    EXPECT(run, status == HEARTH_ENOTFOUND, "expected NOT_FOUND in the end, found %d", status);
}

static void expiry_can_be_taken_back(struct run *run)
{
    hearth_key key = key_of(run, "kept", "a");
    hearth_storage_op op = put_op(&key, "{}", 1, HEARTH_IF_ANY, 0);
    struct copy *copy = NULL;

    op.doc.expires_ms = now_ms() + 3600000;
    write_one(run, &op);
    op = put_op(&key, "{}", 2, HEARTH_IF_VERSION, 1);
    write_one(run, &op);
    EXPECT(run, call_get(run, 0, &key, &copy) == HEARTH_OK, "it is gone");
    int64_t expires = copy->doc.expires_ms;
    free(copy);
    EXPECT(run, expires == 0, "a put without expiry left the old one");
}

static void expired_is_absent_to_transactions(struct run *run)
{
    hearth_key a = key_of(run, "expired-tx", "a"), b = key_of(run, "expired-tx", "b");
    hearth_storage_op old = put_op(&a, "{}", 5, HEARTH_IF_ANY, 0);
    hearth_storage_op stale[] = {put_op(&a, "{}", 6, HEARTH_IF_VERSION, 5),
                                 put_op(&b, "{}", 1, HEARTH_IF_ANY, 0)};
    hearth_storage_op fresh[] = {put_op(&a, "{\"n\":1}", 1, HEARTH_IF_ABSENT, 0),
                                 put_op(&b, "{}", 1, HEARTH_IF_ABSENT, 0)};
    struct write_result results[2];

    old.doc.expires_ms = now_ms() - 1000;
    write_one(run, &old);
    call_transact(run, 0, stale, 2, results);
    expect_conflict(run, "a condition on an expired document", &results[0], NULL);
    expect_conflict(run, "its neighbour", &results[1], NULL);
    results_free(results, 2);
    call_transact(run, 0, fresh, 2, results);
    bool ok = results[0].outcome == HEARTH_STORAGE_OK && results[1].outcome == HEARTH_STORAGE_OK;
    results_free(results, 2);
    EXPECT(run, ok, "an expired document is not absent");
    expect_doc(run, &a, 1, "{\"n\":1}");
}

const struct check expiry_checks[] = {
    {"an expired document is NOT_FOUND and not in a query", expired_is_gone},
    {"an expired document is absent to conditions", expired_is_absent},
    {"an expired document is absent to transactions", expired_is_absent_to_transactions},
    {"a document ends at its moment", expires_at_its_moment},
    {"a put without expiry ends the old expiry", expiry_can_be_taken_back},
    {NULL, NULL},
};
