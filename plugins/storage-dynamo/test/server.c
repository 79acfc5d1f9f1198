/*
 * server.c - one thread, poll(), keep-alive.
 */
#include "server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 64
#define RECORDS     4096

struct answer {
    struct answer *next;
    char operation[40];
    int status;
    char *body;
};

struct connection {
    int fd;
    char *bytes;
    size_t len;
};

struct server {
    pthread_t thread;
    pthread_mutex_t lock; /* of answers and records */
    int listener, wake[2], port;
    struct answer *answers;
    char *records[RECORDS];
    size_t record_count;
    struct connection connections[CONNECTIONS];
};

static void *must(void *pointer)
{
    if (!pointer)
        abort();
    return pointer;
}

static int is_for(const char *record, const char *operation)
{
    char header[80];
    snprintf(header, sizeof(header), "X-Amz-Target: DynamoDB_20120810.%s\r\n", operation);
    return strstr(record, header) != NULL;
}

/* The first answer that was queued for this request. */
static struct answer *take_answer(struct server *server, const char *record)
{
    for (struct answer **link = &server->answers; *link; link = &(*link)->next) {
        struct answer *answer = *link;
        if (!is_for(record, answer->operation))
            continue;
        *link = answer->next;
        return answer;
    }
    return NULL;
}

static void drop(struct connection *connection)
{
    close(connection->fd);
    free(connection->bytes);
    *connection = (struct connection){.fd = -1};
}

static void send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        len -= (size_t)sent;
    }
}

static void reply(struct server *server, struct connection *connection)
{
    char head[160];

    pthread_mutex_lock(&server->lock);
    if (server->record_count == RECORDS)
        abort();
    server->records[server->record_count++] = must(strdup(connection->bytes));
    struct answer *answer = take_answer(server, connection->bytes);
    pthread_mutex_unlock(&server->lock);
    connection->len = 0;
    if (answer && answer->status == SERVER_CLOSE) {
        drop(connection);
    } else if (!answer || answer->status != SERVER_SILENCE) {
        const char *body = answer ? answer->body : "{}";
        snprintf(head, sizeof(head), "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n",
                 answer ? answer->status : 200, strlen(body));
        send_all(connection->fd, head, strlen(head));
        send_all(connection->fd, body, strlen(body));
    }
    if (answer) {
        free(answer->body);
        free(answer);
    }
}

static void read_more(struct server *server, struct connection *connection)
{
    char chunk[65536];
    ssize_t got = recv(connection->fd, chunk, sizeof(chunk), 0);

    if (got <= 0) {
        drop(connection);
        return;
    }
    connection->bytes = must(realloc(connection->bytes, connection->len + (size_t)got + 1));
    memcpy(connection->bytes + connection->len, chunk, (size_t)got);
    connection->len += (size_t)got;
    connection->bytes[connection->len] = '\0';
    const char *end = strstr(connection->bytes, "\r\n\r\n");
    const char *length = strstr(connection->bytes, "Content-Length: ");
    if (!end || !length)
        return;
    size_t whole = (size_t)(end + 4 - connection->bytes) + strtoul(length + 16, NULL, 10);
    if (connection->len >= whole)
        reply(server, connection);
}

static void accept_one(struct server *server)
{
    for (size_t i = 0; i < CONNECTIONS; i++) {
        if (server->connections[i].fd >= 0)
            continue;
        server->connections[i].fd = accept(server->listener, NULL, NULL);
        return;
    }
    abort();
}

static void *serve(void *arg)
{
    struct server *server = arg;
    struct pollfd fds[CONNECTIONS + 2];

    for (;;) {
        fds[0] = (struct pollfd){.fd = server->listener, .events = POLLIN};
        fds[1] = (struct pollfd){.fd = server->wake[0], .events = POLLIN};
        for (size_t i = 0; i < CONNECTIONS; i++)
            fds[i + 2] = (struct pollfd){.fd = server->connections[i].fd, .events = POLLIN};
        if (poll(fds, CONNECTIONS + 2, -1) < 0)
            abort();
        if (fds[1].revents)
            return NULL;
        for (size_t i = 0; i < CONNECTIONS; i++) {
            if (fds[i + 2].revents)
                read_more(server, &server->connections[i]);
        }
        if (fds[0].revents)
            accept_one(server);
    }
}

struct server *server_start(void)
{
    struct server *server = must(calloc(1, sizeof(*server)));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);

    pthread_mutex_init(&server->lock, NULL);
    for (size_t i = 0; i < CONNECTIONS; i++)
        server->connections[i].fd = -1;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->listener < 0 || pipe(server->wake) < 0 ||
        bind(server->listener, (struct sockaddr *)&address, len) < 0 ||
        listen(server->listener, 128) < 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &len) < 0 ||
        pthread_create(&server->thread, NULL, serve, server) != 0)
        abort();
    server->port = ntohs(address.sin_port);
    return server;
}

void server_stop(struct server *server)
{
    if (write(server->wake[1], "x", 1) != 1)
        abort();
    pthread_join(server->thread, NULL);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        if (server->connections[i].fd >= 0)
            drop(&server->connections[i]);
    }
    for (size_t i = 0; i < server->record_count; i++)
        free(server->records[i]);
    while (server->answers) {
        struct answer *answer = server->answers;
        server->answers = answer->next;
        free(answer->body);
        free(answer);
    }
    close(server->listener);
    close(server->wake[0]);
    close(server->wake[1]);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

int server_port(const struct server *server)
{
    return server->port;
}

void server_answer(struct server *server, const char *operation, int status, const char *body)
{
    struct answer *answer = must(calloc(1, sizeof(*answer)));

    snprintf(answer->operation, sizeof(answer->operation), "%s", operation);
    answer->status = status;
    answer->body = must(strdup(body ? body : ""));
    pthread_mutex_lock(&server->lock);
    struct answer **link = &server->answers;
    while (*link)
        link = &(*link)->next;
    *link = answer;
    pthread_mutex_unlock(&server->lock);
}

const char *server_request(struct server *server, const char *operation, size_t index)
{
    const char *found = NULL;

    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < server->record_count && !found; i++) {
        if (is_for(server->records[i], operation) && index-- == 0)
            found = server->records[i];
    }
    pthread_mutex_unlock(&server->lock);
    return found;
}

size_t server_count(struct server *server, const char *operation)
{
    size_t count = 0;
    while (server_request(server, operation, count))
        count++;
    return count;
}
