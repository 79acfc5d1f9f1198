/*
 * same.c - whether a document that came back is the one that was written, to the last field.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

bool same_str(hearth_str a, hearth_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool same_key(const hearth_key *a, const hearth_key *b)
{
    return same_str(a->collection, b->collection) && same_str(a->partition, b->partition) &&
           same_str(a->sort, b->sort);
}

static bool same_json(hearth_str a, hearth_str b)
{
    json_t *left = json_loadb(a.ptr, a.len, JSON_DECODE_ANY, NULL);
    json_t *right = json_loadb(b.ptr, b.len, JSON_DECODE_ANY, NULL);
    bool same = left && right && json_equal(left, right);
    json_decref(left);
    json_decref(right);
    return same;
}

bool json_same(hearth_str a, const char *b)
{
    return same_json(a, (hearth_str){b, strlen(b)});
}

void expect_same(struct run *run, const char *what, const hearth_doc *found,
                 const hearth_doc *wanted)
{
    if (!same_key(&found->key, &wanted->key))
        run_fail(run, "%s has another key", what);
    else if (found->version != wanted->version)
        run_fail(run, "%s: expected version %llu, found %llu", what,
                 (unsigned long long)wanted->version, (unsigned long long)found->version);
    else if (found->epoch != wanted->epoch)
        run_fail(run, "%s: expected epoch %llu, found %llu", what,
                 (unsigned long long)wanted->epoch, (unsigned long long)found->epoch);
    else if (!same_str(found->write_id, wanted->write_id))
        run_fail(run, "%s: expected write id %" HEARTH_PRIS ", found %" HEARTH_PRIS, what,
                 HEARTH_ARG(wanted->write_id), HEARTH_ARG(found->write_id));
    else if (found->expires_ms != wanted->expires_ms)
        run_fail(run, "%s: expected expiry %lld, found %lld", what, (long long)wanted->expires_ms,
                 (long long)found->expires_ms);
    else if (!same_json(found->body, wanted->body))
        run_fail(run, "%s: expected body %.*s, found %.*s", what,
                 wanted->body.len > 200 ? 200 : (int)wanted->body.len, wanted->body.ptr,
                 found->body.len > 200 ? 200 : (int)found->body.len, found->body.ptr);
}

void expect_conflict(struct run *run, const char *what, const struct write_result *result,
                     const hearth_doc *current)
{
    if (result->outcome != HEARTH_STORAGE_CONFLICT)
        run_fail(run, "%s: expected CONFLICT, found outcome %d", what, result->outcome);
    else if (current && !result->current)
        run_fail(run, "%s: the conflict comes without the document that is there", what);
    else if (!current && result->current)
        run_fail(run, "%s: the conflict comes with a document that is not there", what);
    else if (current)
        expect_same(run, what, &result->current->doc, current);
}

void expect_read(struct run *run, const char *what, uint32_t loop, const hearth_doc *wanted)
{
    struct copy *copy = NULL;
    hearth_status status = call_get(run, loop, &wanted->key, &copy);

    if (status != HEARTH_OK)
        run_fail(run, "%s: expected a document, found status %d", what, status);
    else
        expect_same(run, what, &copy->doc, wanted);
    free(copy);
}
