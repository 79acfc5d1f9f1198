/*
 * races.c - many writers on one key, from every loop: exactly one winner for each version.
 */
#include "run.h"

#include <stdlib.h>

#define WRITERS 16
#define TARGET  200
#define TRIES   (20 * TARGET) /* of one writer: who lost has seen another win */

struct racer {
    struct run *run;
    hearth_key key;
    uint32_t loop;
    unsigned wins;
    pthread_t thread;
};

/* Adds 1 to the version until TARGET is reached, each time on what it read. */
static void *increment(void *arg)
{
    struct racer *racer = arg;

    for (unsigned tries = 0; tries < TRIES; tries++) {
        struct copy *copy = NULL;
        struct write_result result;
        if (call_get(racer->run, racer->loop, &racer->key, &copy) != HEARTH_OK) {
            run_fail(racer->run, "the document is not there");
            return NULL;
        }
        uint64_t version = copy->doc.version;
        free(copy);
        if (version >= TARGET)
            return NULL;
        hearth_storage_op op = put_op(&racer->key, "{}", version + 1, HEARTH_IF_VERSION, version);
        call_write(racer->run, racer->loop, &op, 1, &result);
        racer->wins += result.outcome == HEARTH_STORAGE_OK;
        if (result.outcome == HEARTH_STORAGE_CONFLICT &&
            (!result.current || result.current->doc.version <= version))
            run_fail(racer->run, "a lost race did not show the winner's version");
        results_free(&result, 1);
    }
    run_fail(racer->run, "a writer was refused %d times, and yet there was no end", TRIES);
    return NULL;
}

static unsigned race(struct racer racers[WRITERS], void *(*fn)(void *))
{
    unsigned wins = 0;
    for (uint32_t i = 0; i < WRITERS; i++) {
        racers[i].loop = i;
        if (pthread_create(&racers[i].thread, NULL, fn, &racers[i]) != 0)
            run_abort(racers[0].run, "no threads");
    }
    for (uint32_t i = 0; i < WRITERS; i++) {
        pthread_join(racers[i].thread, NULL);
        wins += racers[i].wins;
    }
    return wins;
}

static void one_winner_per_version(struct run *run)
{
    hearth_key key = key_of(run, "race", "a");
    hearth_storage_op op = put_op(&key, "{}", 1, HEARTH_IF_ABSENT, 0);
    struct racer racers[WRITERS];

    write_one(run, &op);
    for (size_t i = 0; i < WRITERS; i++)
        racers[i] = (struct racer){.run = run, .key = key};
    unsigned wins = race(racers, increment);
    EXPECT(run, wins == TARGET - 1, "%d versions had %u winners", TARGET - 1, wins);
    expect_doc(run, &key, TARGET, NULL);
}

static void *claim(void *arg)
{
    struct racer *racer = arg;
    hearth_storage_op op = put_op(&racer->key, "{}", 1, HEARTH_IF_ABSENT, 0);
    struct write_result result;

    call_write(racer->run, racer->loop, &op, 1, &result);
    racer->wins += result.outcome == HEARTH_STORAGE_OK;
    results_free(&result, 1);
    return NULL;
}

static void one_claimant(struct run *run)
{
    hearth_key key = key_of(run, "claim", "a");
    struct racer racers[WRITERS];

    for (size_t i = 0; i < WRITERS; i++)
        racers[i] = (struct racer){.run = run, .key = key};
    unsigned wins = race(racers, claim);
    EXPECT(run, wins == 1, "%d puts with absent had %u winners", WRITERS, wins);
}

/* Moves one unit between two documents in a transaction, again and again. */
static void *transfer(void *arg)
{
    struct racer *racer = arg;
    struct run *run = racer->run;
    hearth_key other = racer->key;
    other.sort = HEARTH_STR("b");

    for (unsigned tries = 0; racer->wins < 10; tries++) {
        struct copy *a = NULL, *b = NULL;
        struct write_result results[2];
        call_get(run, racer->loop, &racer->key, &a);
        call_get(run, racer->loop, &other, &b);
        if (!a || !b || tries == TRIES) {
            run_fail(run, a && b ? "no end to being refused" : "a document is missing");
            free(a);
            free(b);
            return NULL;
        }
        hearth_storage_op ops[] = {
            put_op(&racer->key, "{}", a->doc.version + 1, HEARTH_IF_VERSION, a->doc.version),
            put_op(&other, "{}", b->doc.version + 1, HEARTH_IF_VERSION, b->doc.version)};
        call_transact(run, racer->loop, ops, 2, results);
        racer->wins += results[0].outcome == HEARTH_STORAGE_OK;
        results_free(results, 2);
        free(a);
        free(b);
    }
    return NULL;
}

static void transactions_are_whole(struct run *run)
{
    hearth_key a = key_of(run, "transfer", "a"), b = a;
    struct racer racers[WRITERS];

    b.sort = HEARTH_STR("b");
    hearth_storage_op ops[] = {put_op(&a, "{}", 1, HEARTH_IF_ABSENT, 0),
                               put_op(&b, "{}", 1, HEARTH_IF_ABSENT, 0)};
    struct write_result results[2];
    call_write(run, 0, ops, 2, results);
    results_free(results, 2);
    for (size_t i = 0; i < WRITERS; i++)
        racers[i] = (struct racer){.run = run, .key = a};
    race(racers, transfer);
    expect_doc(run, &a, 1 + WRITERS * 10, NULL);
    expect_doc(run, &b, 1 + WRITERS * 10, NULL);
}

const struct check race_checks[] = {
    {"16 writers on one key: exactly one winner per version", one_winner_per_version},
    {"16 puts with absent: exactly one winner", one_claimant},
    {"16 writers of one pair: both documents move together", transactions_are_whole},
    {NULL, NULL},
};
