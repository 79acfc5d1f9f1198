/*
 * restart.c - what was confirmed is there after a restart, and after a kill: a run leaves documents
 * behind, and the next one, on the same store, looks for them. `round` tells their runs apart.
 */
#include "run.h"

#include <stdlib.h>

/* What is left: `a` and `b` by a transaction, `c` changed after a first put, `d` deleted again. */
struct left {
    hearth_key a, b, c, d;
    hearth_storage_op first, second, changed;
};

static void set_up(struct left *left, uint64_t round)
{
    hearth_key key = {HEARTH_STR("conformance"), HEARTH_STR("restart"), HEARTH_STR("a")};
    left->a = left->b = left->c = left->d = key;
    left->b.collection = HEARTH_STR("conformance-other");
    left->c.sort = HEARTH_STR("c");
    left->d.sort = HEARTH_STR("d");
    left->first = rich_op(&left->a, 10 + round);
    left->first.doc.epoch = round;
    left->second = put_op(&left->b, "{\"kept\":true}", 20 + round, HEARTH_IF_ANY, 0);
    left->changed = put_op(&left->c, "{\"kept\":2}", 30 + round, HEARTH_IF_VERSION, 1);
    left->changed.doc.write_id = HEARTH_STR("left/1/2");
}

static uint64_t round_before(const struct run *run)
{
    return run->phase == PHASE_AFTER_KILL ? 2 : 1;
}

static void leave(struct run *run)
{
    struct left left;
    struct write_result results[2];

    set_up(&left, run->phase == PHASE_FIRST ? 1 : 2);
    hearth_storage_op ops[] = {left.first, left.second};
    hearth_storage_op put = put_op(&left.c, "{}", 1, HEARTH_IF_ANY, 0);
    hearth_storage_op gone = put_op(&left.d, "{}", 1, HEARTH_IF_ANY, 0);
    hearth_storage_op deletion = delete_op(&left.d, HEARTH_IF_VERSION, 1);
    call_transact(run, 0, ops, 2, results);
    bool ok = results[0].outcome == HEARTH_STORAGE_OK && results[1].outcome == HEARTH_STORAGE_OK;
    results_free(results, 2);
    ok = ok && write_one(run, &put) == HEARTH_STORAGE_OK;
    ok = ok && write_one(run, &left.changed) == HEARTH_STORAGE_OK;
    ok = ok && write_one(run, &gone) == HEARTH_STORAGE_OK;
    ok = ok && write_one(run, &deletion) == HEARTH_STORAGE_OK;
    EXPECT(run, ok, "one of them was refused");
}

static void find(struct run *run)
{
    struct left left;
    struct page page;

    set_up(&left, round_before(run));
    expect_read(run, "what a transaction wrote", 0, &left.first.doc);
    expect_read(run, "what it wrote to another collection", 0, &left.second.doc);
    expect_read(run, "what was changed", 1, &left.changed.doc);
    expect_doc(run, &left.d, 0, NULL);
    left.a.sort = (hearth_str){NULL, 0};
    call_query(run, 0, &left.a, 10, (hearth_str){NULL, 0}, &page);
    size_t count = page.count;
    page_free(&page);
    EXPECT(run, count == 2, "a query shows %zu of the 2 documents", count);
}

const struct check restart_checks_before[] = {
    {"documents are left for the next start", leave},
    {NULL, NULL},
};

const struct check restart_checks_after[] = {
    {"confirmed changes are there after a restart", find},
    {NULL, NULL},
};

const struct check kill_checks_after[] = {
    {"confirmed changes are there after kill -9", find},
    {NULL, NULL},
};
