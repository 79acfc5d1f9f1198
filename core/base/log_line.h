/*
 * log_line.h - one log line as JSON in a buffer of fixed size.
 * Whatever bytes a message holds, the line is valid JSON and valid UTF-8 and ends in a newline.
 */
#ifndef HEARTH_BASE_LOG_LINE_H
#define HEARTH_BASE_LOG_LINE_H

#include "base/log.h"

/* Returns the length, newline included. A message or field that finds no room is cut or left out,
 * and the line says "truncated":true. `repeated` 0: not mentioned. */
size_t log_line_format(char line[HEARTH_LOG_LINE], int64_t wall_ms, log_level level,
                       const log_context *context, hearth_str message, uint64_t repeated);

#endif
