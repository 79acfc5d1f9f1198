/*
 * shape.c - see shape.h. What a document holds is compared by the checks themselves (same.c).
 */
#include "shape.h"

#include <string.h>

#include "run.h"

static void shape_fields(struct run *run, const hearth_doc *doc, const char *what)
{
    if (!HEARTH_HAS(doc, expires_ms))
        run_fail(run, "a document of %s has struct_size %u, expected %zu", what, doc->struct_size,
                 sizeof(*doc));
    else if (doc->version > INT64_MAX || doc->expires_ms < 0 ||
             doc->write_id.len > HEARTH_STORAGE_MAX_WRITE_ID)
        run_fail(run, "a document of %s has a version, expiry or write id out of bounds", what);
}

void shape_doc(struct run *run, const hearth_doc *doc, const hearth_key *key, const char *what)
{
    shape_fields(run, doc, what);
    if (!same_key(&doc->key, key))
        run_fail(run, "the document of %s has another key than was asked for", what);
}

void shape_result(struct run *run, const hearth_storage_result *result, const hearth_storage_op *op)
{
    bool refused =
        result->outcome == HEARTH_STORAGE_RETRY || result->outcome == HEARTH_STORAGE_FAILED;

    if (!HEARTH_HAS(result, error))
        run_fail(run, "a result has struct_size %u, expected %zu", result->struct_size,
                 sizeof(*result));
    else if (result->outcome < HEARTH_STORAGE_OK || result->outcome > HEARTH_STORAGE_FAILED)
        run_fail(run, "a result has outcome %d, which there is not", result->outcome);
    else if (refused && (!result->error || !result->error[0]))
        run_fail(run, "a result with outcome %d does not say why in `error`", result->outcome);
    else if (!refused && result->error)
        run_fail(run, "a result with outcome %d has an `error`: %s", result->outcome,
                 result->error);
    else if (result->current && result->outcome != HEARTH_STORAGE_CONFLICT)
        run_fail(run, "a result with outcome %d has a `current`", result->outcome);
    else if (result->current)
        shape_doc(run, result->current, &op->doc.key, "a conflict");
}

static int compare(hearth_str a, hearth_str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter > 0 ? memcmp(a.ptr, b.ptr, shorter) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static void shape_row(struct run *run, const hearth_doc *doc, const hearth_key *asked, int is_query)
{
    const char *what = is_query ? "a query" : "a scan";
    const hearth_key *key = &doc->key;

    shape_fields(run, doc, what);
    if (asked->collection.len > 0 && !same_str(key->collection, asked->collection))
        run_fail(run, "%s shows a document of another collection", what);
    if (!is_query)
        return;
    if (!same_str(key->partition, asked->partition))
        run_fail(run, "a query shows a document of another partition");
    else if (key->sort.len < asked->sort.len ||
             !same_str((hearth_str){key->sort.ptr, asked->sort.len}, asked->sort))
        run_fail(run, "a query shows a document whose sort does not begin with the prefix");
}

void shape_page(struct run *run, hearth_status status, const hearth_doc *const *docs, size_t count,
                hearth_str cursor, const hearth_key *asked, uint32_t limit, int is_query)
{
    if (status != HEARTH_OK && (count > 0 || cursor.len > 0))
        run_fail(run, "a page of status %d has documents or a cursor", status);
    if (status == HEARTH_OK && count > limit)
        run_fail(run, "a page of at most %u documents has %zu", limit, count);
    for (size_t i = 0; i < count; i++) {
        shape_row(run, docs[i], asked, is_query);
        if (is_query && i > 0 && compare(docs[i - 1]->key.sort, docs[i]->key.sort) >= 0)
            run_fail(run, "a query's page is not in bytewise order of sort");
    }
}
