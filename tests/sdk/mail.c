/* mail.c - hearth.mail/1: to the user's home loop, never at once. */
#include <hearth/mail.h>

#include "check.h"

typedef struct letter {
    pending *answer;
    int sent;
} letter;

static void arrive(hearth_ctx *ctx, void *arg)
{
    letter *l = arg;
    settle(ctx, l->answer,
           l->sent && ctx->loop == hearth_loop_get(ctx)->home(ctx, HEARTH_STR("ada")));
    free(l);
}

static hearth_status run(hearth_ctx *ctx, hearth_req *req)
{
    letter *l = calloc(1, sizeof(*l));
    CHECK(l);
    l->sent = 1; /* read on the home loop, possibly at once: set before */
    l->answer = pend(ctx, req);
    if (hearth_mail_get(ctx)->send(ctx, HEARTH_STR("ada"), arrive, l) != HEARTH_OK)
        settle(ctx, l->answer, 0);
    return HEARTH_DEFERRED;
}

static const hearth_use uses[] = {USE(HEARTH_MAIL_ID, hearth_mail),
                                  USE(HEARTH_LOOP_ID, hearth_loop_api),
                                  USE(HEARTH_HTTP_ID, hearth_http),
                                  {0}};
static const hearth_route routes[] = {{.method = "GET", .path = "/mail", .handler = run}, {0}};
HEARTH_PLUGIN("sdk-mail", "1.0.0", .uses = uses, .routes = routes);
