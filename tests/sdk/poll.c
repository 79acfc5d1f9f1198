/* poll.c - hearth.poll/1 on a socket pair. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <hearth/poll.h>

#include "check.h"

typedef struct pair {
    pending *answer;
    hearth_poll *poll;
    int fds[2], step;
} pair;

static void on_ready(hearth_ctx *ctx, int fd, uint32_t events, void *arg)
{
    const hearth_poll_api *api = hearth_poll_get(ctx);
    pair *p = arg;
    char byte;
    if (p->step == 0) { /* writable at once; then wait for bytes */
        int good = (events & HEARTH_POLL_WRITE) && fd == p->fds[0];
        p->step = good && api->update(p->poll, HEARTH_POLL_READ) == HEARTH_OK ? 1 : 9;
        if (write(p->fds[1], "x", 1) == 1)
            return;
    }
    int good = p->step == 1 && (events & HEARTH_POLL_READ) && read(fd, &byte, 1) == 1;
    api->stop(p->poll);
    api->stop(NULL);
    close(p->fds[0]);
    close(p->fds[1]);
    settle(ctx, p->answer, good);
    free(p);
}

static hearth_status run(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_poll_api *api = hearth_poll_get(ctx);
    pair *p = calloc(1, sizeof(*p));
    CHECK(p && socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p->fds) == 0);
    CHECK(api->start(ctx, -1, HEARTH_POLL_READ, on_ready, p) == NULL);
    p->poll = api->start(ctx, p->fds[0], HEARTH_POLL_WRITE, on_ready, p);
    CHECK(p->poll);
    CHECK(api->start(ctx, p->fds[0], HEARTH_POLL_READ, on_ready, p) == NULL);
    p->answer = pend(ctx, req);
    return HEARTH_DEFERRED;
}

static const hearth_use uses[] = {
    USE(HEARTH_POLL_ID, hearth_poll_api), USE(HEARTH_HTTP_ID, hearth_http), {0}};
static const hearth_route routes[] = {{.method = "GET", .path = "/poll", .handler = run}, {0}};
HEARTH_PLUGIN("sdk-poll", "1.0.0", .uses = uses, .routes = routes);
