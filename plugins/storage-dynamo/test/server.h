/*
 * server.h - an HTTP server on a thread of its own that stands in for DynamoDB where a test needs
 * answers that DynamoDB Local does not give: errors, throttling, silence, a lost answer.
 */
#ifndef STORAGE_DYNAMO_TEST_SERVER_H
#define STORAGE_DYNAMO_TEST_SERVER_H

#include <stddef.h>

struct server;

enum { SERVER_CLOSE = 0, SERVER_SILENCE = -1 }; /* instead of an HTTP status */

struct server *server_start(void);
void server_stop(struct server *server);
int server_port(const struct server *server);

/* Queues an answer to the next request for this operation; without one it is 200 and {}. */
void server_answer(struct server *server, const char *operation, int status, const char *body);
/* How many requests for this operation have come. */
size_t server_count(struct server *server, const char *operation);
/* Request number `index` for this operation, head and body, NULL past the last; valid until stop.
 */
const char *server_request(struct server *server, const char *operation, size_t index);

#endif
