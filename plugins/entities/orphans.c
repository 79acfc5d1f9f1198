/*
 * orphans.c - a loop remembers since when it has seen which claims without their entities; the
 * oldest gives way to the newest, which then has to be seen for another minute.
 */
#include "orphans.h"

#include "claims.h"
#include "flush.h"
#include "journal.h"

struct orphan orphan_of(struct local *local, const hearth_doc *claim, const hearth_key *owner)
{
    const struct shared *shared = shared_of(local->ctx);
    const hearth_str parts[6] = {claim->key.collection, claim->key.partition, claim->key.sort,
                                 owner->collection,     owner->partition,     owner->sort};
    uint64_t start, version;

    return (struct orphan){
        .claim = table_hash(&local->claims, parts, 6),
        .of_an_earlier_start = write_id_parse(shared, claim->write_id, &start, &version) &&
                               start < journal_start_number(shared->journal),
    };
}

static uint64_t seen_since(struct local *local, uint64_t claim)
{
    struct watched *oldest = &local->watched[0];

    for (size_t i = 0; i < WATCHED_CLAIMS; i++) {
        struct watched *watched = &local->watched[i];
        if (watched->claim == claim && watched->since_ms > 0)
            return watched->since_ms;
        if (watched->since_ms < oldest->since_ms)
            oldest = watched;
    }
    *oldest = (struct watched){claim, now_ms(local->ctx)};
    return oldest->since_ms;
}

bool orphan_is_free(struct local *local, const struct orphan *orphan)
{
    uint64_t since =
        orphan->of_an_earlier_start ? local->started_ms : seen_since(local, orphan->claim);
    return now_ms(local->ctx) - since >= CLAIM_ORPHAN_MS;
}
