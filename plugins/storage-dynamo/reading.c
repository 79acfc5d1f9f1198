/*
 * reading.c - open, read, close, away from the loop.
 */
#include "reading.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void work(void *arg)
{
    struct reading *reading = arg;
    ssize_t got = 0;
    int fd = open(reading->file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0) {
        reading->error = errno;
        return;
    }
    while (reading->len < READING_MAX &&
           (got = read(fd, reading->bytes + reading->len, READING_MAX - reading->len)) > 0)
        reading->len += (size_t)got;
    if (got < 0)
        reading->error = errno;
    close(fd);
}

bool reading_start(hearth_ctx *ctx, const char *file, void (*done)(hearth_ctx *ctx, void *reading),
                   void *arg)
{
    struct reading *reading = calloc(1, sizeof(*reading));

    if (!reading)
        return false;
    reading->arg = arg;
    reading->file = file;
    if (shared_of(ctx)->task->run(ctx, work, done, reading) == HEARTH_OK)
        return true;
    free(reading);
    return false;
}

void reading_free(struct reading *reading)
{
    explicit_bzero(reading, sizeof(*reading));
    free(reading);
}
