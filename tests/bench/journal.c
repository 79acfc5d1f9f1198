/*
 * journal.c - the journal of plugins/entities beside a bare write and fdatasync on the same disk:
 * commit latency of one writer and of 64, commits per second, CPU per commit.
 *
 *   bench_journal DIRECTORY [SECONDS]
 *
 * Prints one JSON object per line.
 */
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "journal.h"

#define BODY_SIZE   1200 /* a character */
#define MAX_SAMPLES 2000000

static struct journal *journal;
static uint32_t *samples; /* microseconds */
static _Atomic size_t sample_count;
static _Atomic int stopping;

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t mono_ns(hearth_ctx *ctx)
{
    (void)ctx;
    return now_ns();
}

/* There are no loops here: what is posted runs at once, on the journal's thread. */
static hearth_status post(hearth_ctx *ctx, uint32_t index, hearth_loop_fn fn, void *arg)
{
    (void)index;
    fn(ctx, arg);
    return HEARTH_OK;
}

static const hearth_loop_api loop = {.struct_size = sizeof(loop), .post = post};
static const hearth_clock bench_clock = {.struct_size = sizeof(bench_clock), .mono_ns = mono_ns};

struct writer {
    struct journal_entry entry;
    pthread_t thread;
    sem_t done;
    unsigned number;
};

static void acknowledged(hearth_ctx *ctx, struct journal_entry *entry)
{
    struct writer *writer = (struct writer *)(void *)entry;
    (void)ctx;
    if (entry->failed) {
        fprintf(stderr, "%s\n", entry->error);
        exit(1);
    }
    sem_post(&writer->done);
}

static void keep(uint64_t start_ns)
{
    size_t i = atomic_fetch_add(&sample_count, 1);
    if (i < MAX_SAMPLES)
        samples[i] = (uint32_t)((now_ns() - start_ns) / 1000);
}

static void *write_on(void *arg)
{
    struct writer *writer = arg;
    char user[40], body[BODY_SIZE];
    uint64_t row = 0;

    snprintf(user, sizeof(user), "f81d4fae-7dec-11d0-a765-%012u", writer->number);
    memset(body, 'x', sizeof(body));
    for (uint64_t version = 1; !atomic_load(&stopping); version++) {
        struct journal_entry *entry = &writer->entry;
        uint64_t start = now_ns();
        *entry = (struct journal_entry){.obsolete = row, .done = acknowledged};
        entry->row.key =
            (hearth_key){HEARTH_STR("characters"), {user, strlen(user)}, {user, strlen(user)}};
        entry->row.version = version;
        entry->row.write_id = HEARTH_STR("f81d4fae-7dec-11d0-a765-000000000000/1/1");
        entry->row.body = (hearth_str){body, sizeof(body)};
        journal_append(journal, entry);
        sem_wait(&writer->done);
        row = entry->row.seq;
        keep(start);
    }
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static double cpu_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void report(const char *name, uint64_t start_ns, double cpu_before)
{
    size_t count = atomic_load(&sample_count);
    double seconds = (double)(now_ns() - start_ns) / 1e9;

    if (count > MAX_SAMPLES)
        count = MAX_SAMPLES;
    qsort(samples, count, sizeof(*samples), by_size);
    printf("{\"name\": \"%s\", \"per_second\": %.0f, \"p50_us\": %u, \"p99_us\": %u,"
           " \"cpu_us\": %.1f}\n",
           name, (double)count / seconds, samples[count / 2], samples[count * 99 / 100],
           (cpu_us() - cpu_before) / (double)count);
    fflush(stdout);
    atomic_store(&sample_count, 0);
}

static void bench_writers(unsigned count, unsigned seconds)
{
    struct writer *writers = calloc(count, sizeof(*writers));
    double cpu = cpu_us();
    uint64_t start = now_ns();
    char name[40];

    atomic_store(&stopping, 0);
    for (unsigned i = 0; i < count; i++) {
        writers[i].number = i;
        sem_init(&writers[i].done, 0, 0);
        pthread_create(&writers[i].thread, NULL, write_on, &writers[i]);
    }
    sleep(seconds);
    atomic_store(&stopping, 1);
    for (unsigned i = 0; i < count; i++)
        pthread_join(writers[i].thread, NULL);
    snprintf(name, sizeof(name), "journal, %u writers", count);
    report(name, start, cpu);
    free(writers);
}

static void bench_bare(const char *directory, unsigned seconds)
{
    char path[512], block[4096] = "";
    double cpu = cpu_us();
    uint64_t start = now_ns();

    snprintf(path, sizeof(path), "%s/bare", directory);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (off_t at = 0; now_ns() - start < seconds * 1000000000ull; at += (off_t)sizeof(block)) {
        uint64_t before = now_ns();
        if (pwrite(fd, block, sizeof(block), at % (4 << 20)) < 0 || fdatasync(fd) < 0)
            exit(1);
        keep(before);
    }
    close(fd);
    unlink(path);
    report("bare write and fdatasync", start, cpu);
}

int main(int argc, char **argv)
{
    unsigned seconds = argc > 2 ? (unsigned)atoi(argv[2]) : 2;
    char path[512], error[1024];
    hearth_ctx ctx = {.struct_size = sizeof(ctx), .loops = 1};

    if (argc < 2) {
        fprintf(stderr, "usage: bench_journal DIRECTORY [SECONDS]\n");
        return 2;
    }
    samples = calloc(MAX_SAMPLES, sizeof(*samples));
    snprintf(path, sizeof(path), "%s/journal.db", argv[1]);
    journal = journal_open(path, "bench", "bench", error, sizeof(error));
    if (!samples || !journal || !journal_run(journal, &ctx, &loop, &bench_clock)) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    bench_bare(argv[1], seconds);
    bench_writers(1, seconds);
    bench_writers(64, seconds);
    journal_close(journal);
    free(samples);
    return 0;
}
