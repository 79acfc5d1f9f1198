/*
 * dlq.h - `hearth dlq`: what an operator can do about dead letters.
 */
#ifndef ENTITIES_DLQ_H
#define ENTITIES_DLQ_H

#include "plugin.h"

hearth_status dlq_list(hearth_ctx *ctx, hearth_cmd *cmd);
hearth_status dlq_show(hearth_ctx *ctx, hearth_cmd *cmd);
hearth_status dlq_retry(hearth_ctx *ctx, hearth_cmd *cmd);
hearth_status dlq_discard(hearth_ctx *ctx, hearth_cmd *cmd);

#endif
