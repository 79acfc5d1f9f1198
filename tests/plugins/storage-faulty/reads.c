/*
 * reads.c - get, query and scan over the sorted array; and the bugs that reading may have.
 */
#include "faulty.h"

#include <stdlib.h>

static void add_row(struct answer *answer, storage_row ***last, const char *kind,
                    const hearth_doc *doc)
{
    storage_row *row = storage_row_create(doc);
    if (!row)
        abort();
    answer_spoil(answer->ctx, kind, &row->doc);
    **last = row;
    *last = &row->next;
    answer->count++;
}

/* Bug "get:stale": a cache for each loop that only writes on the same loop clear. */
static const hearth_doc *seen_before(hearth_ctx *ctx, const hearth_key *key, const hearth_doc *doc)
{
    struct local *local = ctx->state;
    if (!has_bug(ctx, "get:stale") || !doc)
        return doc;
    if (local->seen && storage_str_equal(local->seen->doc.key.partition, key->partition) &&
        storage_str_equal(local->seen->doc.key.sort, key->sort) &&
        storage_str_equal(local->seen->doc.key.collection, key->collection))
        return &local->seen->doc;
    storage_rows_free(local->seen);
    local->seen = storage_row_create(doc);
    return doc;
}

void faulty_get(hearth_ctx *ctx, const hearth_key *key, hearth_storage_get_fn done, void *arg)
{
    struct shared *shared = ctx->shared;
    struct fault_now now = answer_fault(ctx, key->collection);
    struct answer *answer = answer_create(ctx, arg);
    storage_row **last = &answer->rows;
    int64_t time = has_bug(ctx, "get:expired") ? 0 : hearth_clock_get(ctx)->wall_ms(ctx);

    answer->get = done;
    if (storage_key_problem(key) && !has_bug(ctx, "get:malformed")) {
        answer->status = HEARTH_EINVAL;
    } else if (now.fault == FAULT_DOWN) {
        answer->status = HEARTH_EUNAVAILABLE;
    } else {
        pthread_mutex_lock(&shared->documents.lock);
        const hearth_doc *doc =
            seen_before(ctx, key, documents_find(&shared->documents, key, time));
        answer->status = doc ? HEARTH_OK : HEARTH_ENOTFOUND;
        if (doc)
            add_row(answer, &last, "get", doc);
        pthread_mutex_unlock(&shared->documents.lock);
    }
    answer_send(answer, now.latency_ms);
}

/* Rows from `from` on (its own key left out if `behind`) while `belongs`. */
struct range {
    hearth_key from;
    bool behind, query;
    hearth_str collection, partition, prefix;
    const char *kind;
};

/* Bug "query:like": the prefix is a pattern of SQL. */
static bool has_prefix(hearth_ctx *ctx, hearth_str sort, hearth_str prefix)
{
    bool like = has_bug(ctx, "query:like");
    if (sort.len < prefix.len)
        return false;
    for (size_t i = 0; i < prefix.len; i++) {
        if (sort.ptr[i] != prefix.ptr[i] && !(like && prefix.ptr[i] == '_'))
            return false;
    }
    return true;
}

static bool belongs(const struct range *range, const hearth_doc *doc)
{
    if (range->collection.len > 0 && !storage_str_equal(doc->key.collection, range->collection))
        return false;
    return !range->query || storage_str_equal(doc->key.partition, range->partition);
}

static bool is_left_out(hearth_ctx *ctx, const struct range *range, const hearth_doc *doc)
{
    int64_t now = hearth_clock_get(ctx)->wall_ms(ctx);
    const char *bug = bug_of_kind(ctx, range->kind);
    bool same = range->behind && storage_str_equal(doc->key.sort, range->from.sort) &&
                storage_str_equal(doc->key.partition, range->from.partition) &&
                storage_str_equal(doc->key.collection, range->from.collection);
    bool forgotten = range->behind && has_bug(ctx, "query:prefix");

    if (same && !(bug && strcmp(bug, "repeats") == 0))
        return true;
    if (doc->expires_ms > 0 && doc->expires_ms <= now && !(bug && strcmp(bug, "expired") == 0))
        return true;
    return range->query && !forgotten && !has_prefix(ctx, doc->key.sort, range->prefix);
}

/* A page is full; whether it says so. */
static void end_page(struct answer *answer, const struct range *range, const hearth_doc *end,
                     const hearth_doc *next)
{
    const char *bug = bug_of_kind(answer->ctx, range->kind);
    const hearth_key *at = bug && strcmp(bug, "skips") == 0 ? &next->key : &end->key;

    if (bug && strcmp(bug, "large") == 0)
        return;
    answer->cursor = range->query ? storage_cursor_of_sort(at->sort, answer->cursor_text)
                                  : storage_cursor_of_key(at, answer->cursor_text);
}

static void reverse(struct answer *answer)
{
    storage_row *rows = NULL;
    for (storage_row *row = answer->rows, *next; row; row = next) {
        next = row->next;
        row->next = rows;
        rows = row;
    }
    answer->rows = rows;
}

static void read_range(hearth_ctx *ctx, struct answer *answer, const struct range *range,
                       uint32_t limit)
{
    struct shared *shared = ctx->shared;
    struct documents *documents = &shared->documents;
    storage_row **last = &answer->rows;
    const hearth_doc *end = NULL;
    size_t bytes = 0;

    if (has_bug(ctx, "query:limit") && limit < MAX_PAGE)
        limit++;
    pthread_mutex_lock(&documents->lock);
    size_t at = documents_lower_bound(documents, &range->from);
    for (; at < documents->count; at++) {
        const hearth_doc *doc = &documents->rows[at]->doc;
        if (!belongs(range, doc))
            break;
        if (is_left_out(ctx, range, doc))
            continue;
        if (answer->count == limit || bytes > PAGE_BYTES) {
            end_page(answer, range, end, doc);
            break;
        }
        add_row(answer, &last, range->kind, doc);
        end = doc;
        bytes += doc->body.len;
    }
    pthread_mutex_unlock(&documents->lock);
    if (range->query && has_bug(ctx, "query:unordered"))
        reverse(answer);
}

static void page(hearth_ctx *ctx, const struct range *range, bool good, uint32_t limit,
                 hearth_storage_page_fn done, void *arg)
{
    struct fault_now now = answer_fault(ctx, range->collection);
    struct answer *answer = answer_create(ctx, arg);

    answer->page = done;
    if (limit > MAX_PAGE && has_bug(ctx, "query:any-limit"))
        limit = MAX_PAGE;
    if (!good || limit < 1 || limit > MAX_PAGE)
        answer->status = HEARTH_EINVAL;
    else if (now.fault == FAULT_DOWN)
        answer->status = HEARTH_EUNAVAILABLE;
    else
        read_range(ctx, answer, range, limit);
    answer_send(answer, now.latency_ms);
}

void faulty_query(hearth_ctx *ctx, hearth_str collection, hearth_str partition, hearth_str prefix,
                  uint32_t limit, hearth_str cursor, hearth_storage_page_fn done, void *arg)
{
    hearth_str sort = {NULL, 0};
    bool good = !storage_part_problem(collection, false) &&
                !storage_part_problem(partition, false) && !storage_part_problem(prefix, true);
    good = (good || has_bug(ctx, "query:malformed")) &&
           (storage_cursor_to_sort(cursor, prefix, &sort) || has_bug(ctx, "query:cursor"));
    bool whole = has_bug(ctx, "query:prefix") || has_bug(ctx, "query:like");
    struct range range = {.from = {collection, partition, cursor.len ? sort : prefix},
                          .behind = cursor.len > 0,
                          .query = true,
                          .collection = collection,
                          .partition = partition,
                          .prefix = prefix,
                          .kind = "query"};
    if (whole && cursor.len == 0)
        range.from.sort = (hearth_str){NULL, 0};
    page(ctx, &range, good, limit, done, arg);
}

void faulty_scan(hearth_ctx *ctx, hearth_str collection, uint32_t limit, hearth_str cursor,
                 hearth_storage_page_fn done, void *arg)
{
    hearth_str of = has_bug(ctx, "scan:everything") ? (hearth_str){NULL, 0} : collection;
    if (has_bug(ctx, "scan:one") && of.len == 0)
        of = HEARTH_STR("conformance");
    struct range range = {.collection = of, .behind = cursor.len > 0, .kind = "scan"};
    bool good =
        !storage_part_problem(collection, true) && storage_cursor_to_key(cursor, of, &range.from);
    page(ctx, &range, good, limit, done, arg);
}
