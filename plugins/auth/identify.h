/*
 * identify.h - who a request speaks for: the hooks that read its token, and the same judgement as a
 * service for other plugins.
 */
#ifndef AUTH_IDENTIFY_H
#define AUTH_IDENTIFY_H

#include "auth.h"

/* Phase IDENTIFY: Authorization -> identity, or 401. [loop] */
hearth_status identify_token(hearth_ctx *ctx, hearth_req *req);
/* Phase LIMIT, on the user's home loop: is the session alive? [loop] */
hearth_status identify_session(hearth_ctx *ctx, hearth_req *req);

/* hearth_identity_service.verify. [loop] */
hearth_status identify_verify(hearth_ctx *ctx, hearth_str token, hearth_arena *arena,
                              hearth_identity *out) HEARTH_MUST_CHECK;

extern const hearth_identity_service identity_service;

/* `token issue --scope SCOPE --subject NAME [--ttl 365d]`. [loop] */
hearth_status identity_command_issue(hearth_ctx *ctx, hearth_cmd *cmd);

#endif
