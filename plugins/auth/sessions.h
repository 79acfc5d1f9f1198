/*
 * sessions.h - the routes of a session: login, refresh, logout.
 */
#ifndef AUTH_SESSIONS_H
#define AUTH_SESSIONS_H

#include "auth.h"

hearth_status login_handle(hearth_ctx *ctx, hearth_req *req);
hearth_status refresh_handle(hearth_ctx *ctx, hearth_req *req);
hearth_status logout_handle(hearth_ctx *ctx, hearth_req *req);

#endif
