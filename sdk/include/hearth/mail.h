/*
 * mail.h - hearth.mail/1: run this on the home loop of that user, where the user's state lives.
 */
#ifndef HEARTH_MAIL_H
#define HEARTH_MAIL_H

#include <hearth/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEARTH_MAIL_ID "hearth.mail/1"

typedef struct hearth_mail {
    uint32_t struct_size;
    /* Runs fn on the home loop of `user` with the same plugin's ctx there; never before send()
     * returns, also when the caller is on that loop. ENOMEM; ECANCELED after that loop has stopped:
     * then fn never runs. [any] */
    hearth_status (*send)(hearth_ctx *ctx, hearth_str user, void (*fn)(hearth_ctx *ctx, void *arg),
                          void *arg) HEARTH_MUST_CHECK;
} hearth_mail;

static inline const hearth_mail *hearth_mail_get(hearth_ctx *ctx)
{
    return (const hearth_mail *)ctx->host->get(ctx, HEARTH_MAIL_ID, sizeof(hearth_mail));
}

#ifdef __cplusplus
}
#endif
#endif
