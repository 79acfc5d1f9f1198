/*
 * restart.c - what was confirmed is there after a restart. The first run leaves a document behind;
 * a run with --after-restart, on the same store, looks for it.
 */
#include "run.h"

static hearth_key left_behind(void)
{
    return (hearth_key){HEARTH_STR("conformance"), HEARTH_STR("restart"), HEARTH_STR("a")};
}

static void leave(struct run *run)
{
    hearth_key key = left_behind();
    hearth_storage_op op = put_op(&key, "{\"kept\":true}", 12, HEARTH_IF_ANY, 0);
    EXPECT(run, write_one(run, &op) == HEARTH_STORAGE_OK, "it was refused");
}

static void find(struct run *run)
{
    hearth_key key = left_behind();
    expect_doc(run, &key, 12, "{\"kept\":true}");
}

const struct check restart_checks_before[] = {
    {"a document is left for the next start", leave},
    {NULL, NULL},
};

const struct check restart_checks_after[] = {
    {"a confirmed document is there after a restart", find},
    {NULL, NULL},
};
