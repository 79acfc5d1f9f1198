/*
 * login_limits.c - see login_limits.h.
 */
#include "login_limits.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#define BUCKETS 4096

struct counter {
    struct counter *next;          /* of the same bucket */
    struct counter *newer, *older; /* in order of use */
    struct table *table;
    unsigned char digest[crypto_shorthash_siphashx24_BYTES];
    size_t in_flight;
    size_t tickets; /* that point here, in flight or waiting */
    struct limits_ticket *waiting, **waiting_last;
    size_t count, room;
    uint64_t *failed_ms; /* oldest first */
};

struct table { /* one kind of counter */
    struct limits *limits;
    size_t limit, count;
    struct counter *newest, *oldest;
    struct counter *bucket[BUCKETS];
};

struct limits {
    struct limits_rule rule;
    unsigned char hash_key[crypto_shorthash_siphashx24_KEYBYTES];
    size_t waiting;
    struct table address, account;
};

struct limits *limits_create(const struct limits_rule *rule, const unsigned char hash_key[16])
{
    struct limits *limits = calloc(1, sizeof(*limits));
    if (!limits)
        return NULL;
    memcpy(limits->hash_key, hash_key, sizeof(limits->hash_key));
    limits->address.limits = limits->account.limits = limits;
    limits_set_rule(limits, rule);
    return limits;
}

void limits_set_rule(struct limits *limits, const struct limits_rule *rule)
{
    limits->rule = *rule;
    limits->address.limit = rule->per_address;
    limits->account.limit = rule->per_account;
}

static void unlink_use(struct counter *counter)
{
    struct table *table = counter->table;
    *(counter->newer ? &counter->newer->older : &table->newest) = counter->older;
    *(counter->older ? &counter->older->newer : &table->oldest) = counter->newer;
}

static void link_newest(struct counter *counter)
{
    struct table *table = counter->table;
    counter->newer = NULL;
    counter->older = table->newest;
    *(table->newest ? &table->newest->newer : &table->oldest) = counter;
    table->newest = counter;
}

static struct counter **bucket_of(struct table *table, const unsigned char *digest)
{
    uint64_t hash;
    memcpy(&hash, digest, sizeof(hash));
    return &table->bucket[hash % BUCKETS];
}

static void drop(struct counter *counter)
{
    struct counter **at = bucket_of(counter->table, counter->digest);

    while (*at != counter)
        at = &(*at)->next;
    *at = counter->next;
    unlink_use(counter);
    counter->table->count--;
    free(counter->failed_ms);
    free(counter);
}

void limits_destroy(struct limits *limits)
{
    if (!limits)
        return;
    while (limits->address.oldest)
        drop(limits->address.oldest);
    while (limits->account.oldest)
        drop(limits->account.oldest);
    free(limits);
}

static int make_room(struct table *table)
{
    struct counter *counter = table->oldest;

    if (table->count < table->limits->rule.max_counters)
        return 1;
    while (counter && counter->tickets > 0)
        counter = counter->newer;
    if (!counter)
        return 0;
    drop(counter);
    return 1;
}

static struct counter *find(struct table *table, const unsigned char *digest)
{
    struct counter **bucket = bucket_of(table, digest), *counter = *bucket;

    while (counter && memcmp(counter->digest, digest, sizeof(counter->digest)) != 0)
        counter = counter->next;
    if (counter) {
        unlink_use(counter);
        link_newest(counter);
        return counter;
    }
    if (!make_room(table) || !(counter = calloc(1, sizeof(*counter))))
        return NULL;
    memcpy(counter->digest, digest, sizeof(counter->digest));
    counter->waiting_last = &counter->waiting;
    counter->table = table;
    counter->next = *bucket;
    *bucket = counter;
    link_newest(counter);
    table->count++;
    return counter;
}

static void forget_old(struct counter *counter, uint64_t now_ms)
{
    uint64_t window = counter->table->limits->rule.window_ms;
    size_t old = 0;

    while (old < counter->count && counter->failed_ms[old] + window <= now_ms)
        old++;
    counter->count -= old;
    if (old > 0 && counter->count > 0)
        memmove(counter->failed_ms, counter->failed_ms + old,
                counter->count * sizeof(counter->failed_ms[0]));
}

static void note_failure(struct counter *counter, uint64_t now_ms)
{
    if (counter->count == counter->room) {
        size_t room = counter->room ? counter->room * 2 : 4;
        uint64_t *grown = realloc(counter->failed_ms, room * sizeof(*grown));
        if (!grown)
            return;
        counter->failed_ms = grown;
        counter->room = room;
    }
    counter->failed_ms[counter->count++] = now_ms;
}

/* Takes a place at the counter. 0: refused, or waiting (then *verdict is GO). */
static int take_place(struct counter *counter, struct limits_ticket *ticket, uint64_t now_ms,
                      enum limits_verdict *verdict, uint64_t *retry_ms)
{
    struct limits *limits = counter->table->limits;
    size_t limit = counter->table->limit;

    *verdict = LIMITS_GO;
    forget_old(counter, now_ms);
    if (limit > 0 && counter->count >= limit) {
        *verdict = LIMITS_REFUSED;
        /* The limit may have been lowered: the failures before the last `limit` do not matter. */
        *retry_ms = counter->failed_ms[counter->count - limit] + limits->rule.window_ms - now_ms;
        return 0;
    }
    if (limit == 0 || counter->count + counter->in_flight < limit) {
        counter->in_flight++;
        return 1;
    }
    if (limits->waiting >= limits->rule.max_waiting) {
        *verdict = LIMITS_OVERLOADED;
        return 0;
    }
    limits->waiting++;
    ticket->next = NULL;
    *counter->waiting_last = ticket;
    counter->waiting_last = &ticket->next;
    return 0;
}

static void give_back(struct counter *counter, uint64_t now_ms);

static void refuse(struct limits_ticket *ticket, enum limits_verdict verdict, uint64_t retry_ms)
{
    ticket->address->tickets--;
    ticket->account->tickets--;
    ticket->decided(ticket, verdict, retry_ms);
}

/* The address's place is held; now the account's. */
static void enter_account(struct limits_ticket *ticket, uint64_t now_ms)
{
    enum limits_verdict verdict;
    uint64_t retry_ms = 0;
    int taken = take_place(ticket->account, ticket, now_ms, &verdict, &retry_ms);

    if (taken) {
        ticket->decided(ticket, LIMITS_GO, 0);
    } else if (verdict != LIMITS_GO) {
        give_back(ticket->address, now_ms);
        refuse(ticket, verdict, retry_ms);
    }
}

static void enter_address(struct limits_ticket *ticket, uint64_t now_ms)
{
    enum limits_verdict verdict;
    uint64_t retry_ms = 0;

    if (take_place(ticket->address, ticket, now_ms, &verdict, &retry_ms))
        enter_account(ticket, now_ms);
    else if (verdict != LIMITS_GO)
        refuse(ticket, verdict, retry_ms);
}

/* Lets those who wait try again, in their order. One that must wait still goes to the end, and the
 * order of the rest is kept: so only as many are asked as wait now. */
static void wake(struct counter *counter, uint64_t now_ms)
{
    struct limits *limits = counter->table->limits;
    struct limits_ticket *ticket = counter->waiting;

    counter->waiting = NULL;
    counter->waiting_last = &counter->waiting;
    while (ticket) {
        struct limits_ticket *next = ticket->next;
        limits->waiting--;
        if (counter->table == &limits->address)
            enter_address(ticket, now_ms);
        else
            enter_account(ticket, now_ms);
        ticket = next;
    }
}

static void give_back(struct counter *counter, uint64_t now_ms)
{
    counter->in_flight--;
    if (counter->waiting)
        wake(counter, now_ms);
}

static void digest_of(const struct limits *limits, hearth_str a, hearth_str b, unsigned char *out)
{
    unsigned char part[2][crypto_shorthash_siphashx24_BYTES];

    crypto_shorthash_siphashx24(part[0], (const unsigned char *)a.ptr, a.len, limits->hash_key);
    crypto_shorthash_siphashx24(part[1], (const unsigned char *)b.ptr, b.len, limits->hash_key);
    crypto_shorthash_siphashx24(out, part[0], sizeof(part), limits->hash_key);
}

void limits_enter(struct limits *limits, struct limits_ticket *ticket, hearth_str address,
                  hearth_str account, uint64_t now_ms)
{
    unsigned char digest[crypto_shorthash_siphashx24_BYTES];

    digest_of(limits, address, (hearth_str){"", 0}, digest);
    ticket->address = find(&limits->address, digest);
    digest_of(limits, address, account, digest);
    ticket->account = ticket->address ? find(&limits->account, digest) : NULL;
    if (!ticket->account) {
        ticket->decided(ticket, LIMITS_OVERLOADED, 0);
        return;
    }
    ticket->address->tickets++;
    ticket->account->tickets++;
    enter_address(ticket, now_ms);
}

void limits_leave(struct limits_ticket *ticket, enum limits_outcome outcome, uint64_t now_ms)
{
    struct counter *address = ticket->address, *account = ticket->account;

    if (outcome == LIMITS_FAILED) {
        note_failure(account, now_ms);
        note_failure(address, now_ms);
    } else if (outcome == LIMITS_SUCCEEDED) {
        account->count = 0;
    }
    give_back(account, now_ms);
    give_back(address, now_ms);
    account->tickets--;
    address->tickets--;
}

hearth_str limits_address(hearth_str peer, char out[LIMITS_ADDRESS_SIZE])
{
    struct in6_addr v6;
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    size_t len = peer.len < LIMITS_ADDRESS_SIZE - 1 ? peer.len : LIMITS_ADDRESS_SIZE - 1;

    if (len > 0)
        memcpy(out, peer.ptr, len);
    out[len] = '\0';
    if (inet_pton(AF_INET6, out, &v6) != 1)
        return (hearth_str){out, len};
    if (memcmp(&v6, mapped, sizeof(mapped)) == 0) {
        inet_ntop(AF_INET, v6.s6_addr + 12, out, LIMITS_ADDRESS_SIZE);
    } else {
        memset(v6.s6_addr + 8, 0, 8);
        inet_ntop(AF_INET6, &v6, out, LIMITS_ADDRESS_SIZE);
    }
    return (hearth_str){out, strlen(out)};
}
