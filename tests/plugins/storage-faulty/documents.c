/*
 * documents.c - one record per change is appended to the log with one write(2); a torn last record
 * is cut off at the next start.
 */
#include "documents.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct record {
    uint32_t size; /* with this header */
    uint32_t action;
    uint64_t version, epoch;
    int64_t expires_ms;
    uint32_t lengths[5]; /* collection, partition, sort, write id, body */
    uint32_t reserved;
};

static int compare(hearth_str a, hearth_str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter > 0 ? memcmp(a.ptr, b.ptr, shorter) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_keys(const hearth_key *a, const hearth_key *b)
{
    int order = compare(a->collection, b->collection);
    if (order == 0)
        order = compare(a->partition, b->partition);
    return order ? order : compare(a->sort, b->sort);
}

size_t documents_lower_bound(const struct documents *documents, const hearth_key *key)
{
    size_t low = 0, high = documents->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare_keys(&documents->rows[middle]->doc.key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct documents *documents, size_t at, const hearth_key *key)
{
    return at < documents->count && compare_keys(&documents->rows[at]->doc.key, key) == 0;
}

const hearth_doc *documents_find(const struct documents *documents, const hearth_key *key,
                                 int64_t now_ms)
{
    size_t at = documents_lower_bound(documents, key);
    if (!is_at(documents, at, key))
        return NULL;
    const hearth_doc *doc = &documents->rows[at]->doc;
    return doc->expires_ms > 0 && doc->expires_ms <= now_ms ? NULL : doc;
}

/* ---- changing ---- */

static bool change(struct documents *documents, hearth_storage_action action, const hearth_doc *doc)
{
    size_t at = documents_lower_bound(documents, &doc->key);
    bool there = is_at(documents, at, &doc->key);
    storage_row *row = action == HEARTH_PUT ? storage_row_create(doc) : NULL;

    if (action == HEARTH_PUT && !row)
        return false;
    if (there && row) {
        free(documents->rows[at]);
        documents->rows[at] = row;
        return true;
    }
    if (there) {
        free(documents->rows[at]);
        documents->count--;
        memmove(documents->rows + at, documents->rows + at + 1,
                (documents->count - at) * sizeof(row));
        return true;
    }
    if (!row)
        return true;
    if (documents->count == documents->size) {
        size_t size = documents->size ? documents->size * 2 : 256;
        storage_row **grown = realloc(documents->rows, size * sizeof(*grown));
        if (!grown) {
            free(row);
            return false;
        }
        documents->rows = grown;
        documents->size = size;
    }
    memmove(documents->rows + at + 1, documents->rows + at, (documents->count - at) * sizeof(row));
    documents->rows[at] = row;
    documents->count++;
    return true;
}

static bool forgets(const struct documents *documents, const char *what)
{
    return documents->forgets && strcmp(documents->forgets, what) == 0;
}

static bool log_record(struct documents *documents, const char *bytes, uint32_t size)
{
    if (!forgets(documents, "until-close"))
        return write(documents->log, bytes, size) == (ssize_t)size;
    char *grown = realloc(documents->late, documents->late_size + size);
    if (!grown)
        return false;
    memcpy(grown + documents->late_size, bytes, size);
    documents->late = grown;
    documents->late_size += size;
    return true;
}

bool documents_apply(struct documents *documents, const hearth_storage_op *op)
{
    const hearth_doc *doc = &op->doc;
    hearth_str parts[5] = {doc->key.collection, doc->key.partition, doc->key.sort, doc->write_id,
                           doc->body};
    struct record record = {.size = sizeof(record),
                            .action = (uint32_t)op->action,
                            .version = doc->version,
                            .epoch = forgets(documents, "epoch") ? 0 : doc->epoch,
                            .expires_ms = forgets(documents, "expires") ? 0 : doc->expires_ms};
    bool left_out = forgets(documents, "everything") ||
                    (forgets(documents, "deletes") && op->action == HEARTH_DELETE);

    if (forgets(documents, "write_id"))
        parts[3].len = 0;
    for (int i = 0; i < 5; i++) {
        record.lengths[i] = (uint32_t)parts[i].len;
        record.size += record.lengths[i];
    }
    char *bytes = malloc(record.size), *end = bytes + sizeof(record);
    if (!bytes)
        return false;
    memcpy(bytes, &record, sizeof(record));
    for (int i = 0; i < 5; i++)
        storage_place(&end, parts[i]);
    bool written = left_out || log_record(documents, bytes, record.size);
    free(bytes);
    return written && change(documents, op->action, doc);
}

/* ---- the log ---- */

/* The bytes that one record takes, 0 when it is torn. */
static size_t replay(struct documents *documents, const char *bytes, size_t left)
{
    struct record record;
    hearth_str parts[5];

    if (left < sizeof(record))
        return 0;
    memcpy(&record, bytes, sizeof(record));
    if (record.size > left || record.size < sizeof(record))
        return 0;
    const char *p = bytes + sizeof(record);
    for (int i = 0; i < 5; i++) {
        parts[i] = (hearth_str){p, record.lengths[i]};
        p += record.lengths[i];
    }
    hearth_doc doc = {.struct_size = sizeof(doc),
                      .key = {parts[0], parts[1], parts[2]},
                      .body = parts[4],
                      .version = record.version,
                      .epoch = record.epoch,
                      .write_id = parts[3],
                      .expires_ms = record.expires_ms};
    return change(documents, (hearth_storage_action)record.action, &doc) ? record.size : 0;
}

int documents_init(struct documents *documents, const char *path, const char *forgets)
{
    struct stat info;
    size_t at = 0, used;

    *documents = (struct documents){
        .log = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600), .forgets = forgets};
    pthread_mutex_init(&documents->lock, NULL);
    if (documents->log < 0 || fstat(documents->log, &info) < 0)
        return -1;
    size_t size = (size_t)info.st_size;
    char *bytes = malloc(size + 1);
    if (!bytes || pread(documents->log, bytes, size, 0) != (ssize_t)size) {
        free(bytes);
        return -1;
    }
    while ((used = replay(documents, bytes + at, size - at)) > 0)
        at += used;
    free(bytes);
    return ftruncate(documents->log, (off_t)at);
}

void documents_finish(struct documents *documents)
{
    for (size_t i = 0; i < documents->count; i++)
        free(documents->rows[i]);
    free(documents->rows);
    if (documents->late_size > 0 &&
        write(documents->log, documents->late, documents->late_size) < 0)
        abort(); /* a test has a disk */
    free(documents->late);
    if (documents->log >= 0)
        close(documents->log);
    pthread_mutex_destroy(&documents->lock);
}
