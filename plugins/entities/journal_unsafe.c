/*
 * journal_unsafe.c - the copies that an unsafe journal writes after it has answered: whoever queued
 * the entries frees them with their strings as soon as they are answered.
 */
#include "journal_unsafe.h"

#include <stdlib.h>
#include <string.h>

static void free_copy(hearth_ctx *ctx, struct journal_entry *entry)
{
    (void)ctx;
    free(entry);
}

static hearth_str place(char **end, hearth_str s)
{
    hearth_str copy = {*end, s.len};
    if (s.len > 0)
        memcpy(*end, s.ptr, s.len);
    *end += s.len;
    return copy;
}

static struct journal_entry *copy_entry(const struct journal_entry *entry)
{
    const struct journal_row *row = &entry->row;
    size_t size = row->key.collection.len + row->key.partition.len + row->key.sort.len +
                  row->write_id.len + row->body.len + row->error.len;
    struct journal_entry *copy = malloc(sizeof(*copy) + size);
    if (!copy)
        return NULL;
    *copy = *entry;
    char *end = (char *)(copy + 1);
    copy->row.key.collection = place(&end, row->key.collection);
    copy->row.key.partition = place(&end, row->key.partition);
    copy->row.key.sort = place(&end, row->key.sort);
    copy->row.write_id = place(&end, row->write_id);
    copy->row.body = place(&end, row->body);
    copy->row.error = place(&end, row->error);
    copy->done = free_copy;
    copy->next = NULL;
    return copy;
}

struct journal_entry *journal_unsafe_copy(const struct journal_entry *batch)
{
    struct journal_entry *first = NULL, **last = &first;

    for (; batch; batch = batch->next) {
        *last = copy_entry(batch);
        if (!*last)
            break;
        last = &(*last)->next;
    }
    while (batch && first) {
        struct journal_entry *next = first->next;
        free(first);
        first = next;
    }
    return first;
}
