/*
 * history.c - a fixed table of tokens, chained by a keyed hash of their tag.
 * Expiry has a resolution of one second, so one sweep for each new second keeps the table exact and
 * bounds the cost whatever arrives.
 */
#include "netcode/history.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

hearth_status history_init(struct history *history, uint32_t capacity)
{
    memset(history, 0, sizeof(*history));
    uint32_t buckets = 1;
    while (buckets < capacity)
        buckets *= 2;
    history->entries = calloc(capacity, sizeof(*history->entries));
    history->buckets = malloc(buckets * sizeof(*history->buckets));
    if (!history->entries || !history->buckets) {
        history_finish(history);
        return HEARTH_ENOMEM;
    }
    memset(history->buckets, 0xff, buckets * sizeof(*history->buckets));
    for (uint32_t i = 0; i < capacity; i++)
        history->entries[i].next = i + 1 < capacity ? i + 1 : NONE;
    history->capacity = capacity;
    history->bucket_mask = buckets - 1;
    randombytes_buf(history->hash_key, sizeof(history->hash_key));
    return HEARTH_OK;
}

void history_finish(struct history *history)
{
    free(history->entries);
    free(history->buckets);
    memset(history, 0, sizeof(*history));
}

static uint32_t *bucket_of(struct history *history, const uint8_t *tag)
{
    uint8_t hash[crypto_shorthash_BYTES];
    uint32_t value;
    crypto_shorthash(hash, tag, NETCODE_TAG_BYTES, history->hash_key);
    memcpy(&value, hash, sizeof(value));
    return &history->buckets[value & history->bucket_mask];
}

static struct history_entry *find(struct history *history, const uint8_t *tag)
{
    for (uint32_t i = *bucket_of(history, tag); i != NONE; i = history->entries[i].next) {
        if (memcmp(history->entries[i].tag, tag, NETCODE_TAG_BYTES) == 0)
            return &history->entries[i];
    }
    return NULL;
}

static void forget(struct history *history, struct history_entry *entry)
{
    uint32_t index = (uint32_t)(entry - history->entries);
    uint32_t *link = bucket_of(history, entry->tag);
    while (*link != index)
        link = &history->entries[*link].next;
    *link = entry->next;
    if (entry->expires_at > history->forgotten)
        history->forgotten = entry->expires_at;
    memset(entry, 0, sizeof(*entry));
    entry->next = history->free_head;
    history->free_head = index;
    history->count--;
}

static void sweep(struct history *history, uint64_t unix_now)
{
    if (unix_now == history->swept_at)
        return;
    history->swept_at = unix_now;
    for (uint32_t i = 0; i < history->capacity; i++) {
        struct history_entry *entry = &history->entries[i];
        if (entry->used && entry->expires_at <= unix_now)
            forget(history, entry);
    }
}

netcode_drop history_admit(struct history *history, const uint8_t tag[NETCODE_TAG_BYTES],
                           const netcode_address *source, uint64_t expires_at, uint64_t unix_now)
{
    sweep(history, unix_now);
    struct history_entry *entry = find(history, tag);
    if (entry) {
        if (entry->consumed || !netcode_address_equal(&entry->source, source))
            return NETCODE_DROP_REQUEST_USED;
        return NETCODE_ACCEPTED;
    }
    if (expires_at <= history->forgotten)
        return NETCODE_DROP_REQUEST_USED;
    if (history->free_head == NONE)
        return NETCODE_DROP_REQUEST_HISTORY;
    uint32_t index = history->free_head, *bucket = bucket_of(history, tag);
    entry = &history->entries[index];
    history->free_head = entry->next;
    memcpy(entry->tag, tag, NETCODE_TAG_BYTES);
    entry->source = *source;
    entry->expires_at = expires_at;
    entry->used = true;
    entry->next = *bucket;
    *bucket = index;
    history->count++;
    return NETCODE_ACCEPTED;
}

void history_consume(struct history *history, const uint8_t tag[NETCODE_TAG_BYTES])
{
    struct history_entry *entry = find(history, tag);
    if (entry)
        entry->consumed = true;
}
