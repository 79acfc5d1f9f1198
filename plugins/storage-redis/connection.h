/*
 * connection.h - a loop's one connection to Redis: it comes up by itself, comes back by itself, and
 * answers everything that was in flight when it breaks.
 */
#ifndef STORAGE_REDIS_CONNECTION_H
#define STORAGE_REDIS_CONNECTION_H

#include <hearth/plugin.h>

#include "command.h"

#include <hiredis/async.h>
#include <stdbool.h>

struct connection;

/* The answer to a command, NULL when the connection was lost before it came: the command may or may
 * not have been carried out. Never runs before connection_send has returned. [loop] */
typedef void (*reply_fn)(hearth_ctx *ctx, const redisReply *reply, void *arg);

/* Starts connecting; NULL: out of memory. [loop] */
struct connection *connection_create(hearth_ctx *ctx);
/* Answers what is in flight with NULL, then ends. NULL is fine. [loop] */
void connection_destroy(struct connection *connection);

/* Stops coming back; no command is accepted any more. What is in flight is still waited for. [loop]
 */
void connection_close(struct connection *connection);

/* Whether a name look-up is still on the task pool, which must end before destroy. [loop] */
bool connection_busy(const struct connection *connection);

/* Whether commands are answered at present. [loop] */
bool connection_healthy(const struct connection *connection);

/* The buffer to build the next command in. [loop] */
struct command *connection_command(struct connection *connection);

/* Sends the command that was built. false: there is no connection, too much is in flight, or memory
 * is out; fn will not run and Redis has seen nothing. [loop] */
bool connection_send(struct connection *connection, reply_fn fn, void *arg) HEARTH_MUST_CHECK;

#endif
