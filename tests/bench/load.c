/*
 * load.c - a small load generator for the benchmarks: keep-alive connections, one request at a time
 * on each, every answer checked. wrk cannot send intents: each needs the version that the last one
 * made.
 *
 *   load ADDRESS PORT REQUESTS < TARGETS
 *
 * One connection for each line of TARGETS: METHOD PATH TOKEN VERSION. A token of `-` sends none.
 * For PATCH the body is {"version":V,"delta":D} with D changing between -1 and 1, and V grows with
 * each 200. Prints one JSON object: requests, failed, seconds, latency percentiles in microseconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 4096
#define INPUT_SIZE      65536

struct connection {
    int fd;
    bool patch, down;
    char method[8], path[256], token[2048];
    unsigned long long version;
    uint64_t sent_ns;
    size_t len;
    char input[INPUT_SIZE];
};

static struct connection *connections;
static size_t connection_count;
static uint32_t *latencies; /* microseconds */
static size_t wanted, started, finished, failed;

static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void send_next(struct connection *c)
{
    char request[4096], body[96] = "";

    if (started == wanted)
        return;
    started++;
    if (c->patch) {
        snprintf(body, sizeof(body), "{\"version\":%llu,\"delta\":%d}", c->version,
                 c->down ? -1 : 1);
        c->down = !c->down;
    }
    int len =
        snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: bench\r\n", c->method, c->path);
    if (strcmp(c->token, "-") != 0)
        len += snprintf(request + len, sizeof(request) - (size_t)len,
                        "Authorization: Bearer %s\r\n", c->token);
    if (c->patch)
        len += snprintf(request + len, sizeof(request) - (size_t)len,
                        "Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(body));
    len += snprintf(request + len, sizeof(request) - (size_t)len, "\r\n%s", body);
    c->sent_ns = now_ns();
    if (write(c->fd, request, (size_t)len) != len)
        die("write");
}

/* Length of the answer at the start of the input, 0 while it is not whole. */
static size_t whole_answer(const struct connection *c)
{
    const char *end = memmem(c->input, c->len, "\r\n\r\n", 4);
    if (!end)
        return 0;
    size_t head = (size_t)(end - c->input) + 4;
    const char *length = strcasestr(c->input, "\r\ncontent-length:");
    size_t total = head;
    if (length && length < end)
        total += strtoul(length + 17, NULL, 10);
    return c->len >= total ? total : 0;
}

static void receive(struct connection *c)
{
    ssize_t got = read(c->fd, c->input + c->len, INPUT_SIZE - 1 - c->len);
    if (got <= 0)
        die("the server closed a connection");
    c->len += (size_t)got;
    c->input[c->len] = '\0';
    size_t total = whole_answer(c);
    if (total == 0)
        return;
    if (total != c->len)
        die("more than one answer to one request");
    latencies[finished++] = (uint32_t)((now_ns() - c->sent_ns) / 1000);
    bool ok = strncmp(c->input, "HTTP/1.1 200", 12) == 0;
    if (!ok && failed++ == 0)
        fprintf(stderr, "load: %.300s\n", c->input);
    c->version += ok && c->patch;
    c->len = 0;
    send_next(c);
}

static void open_connections(const char *address, const char *port)
{
    char line[4096];

    connections = calloc(MAX_CONNECTIONS, sizeof(*connections));
    if (!connections)
        die("memory");
    while (connection_count < MAX_CONNECTIONS && fgets(line, sizeof(line), stdin)) {
        struct connection *c = &connections[connection_count];
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
        if (sscanf(line, "%7s %255s %2047s %llu", c->method, c->path, c->token, &c->version) != 4)
            die("a line of standard input is not METHOD PATH TOKEN VERSION");
        c->patch = strcmp(c->method, "PATCH") == 0;
        c->down = true;
        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (c->fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
            connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0)
            die("connect");
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        connection_count++;
    }
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    struct epoll_event events[256];

    if (argc != 4) {
        fprintf(stderr, "usage: load ADDRESS PORT REQUESTS < TARGETS\n");
        return 2;
    }
    wanted = strtoul(argv[3], NULL, 10);
    latencies = calloc(wanted + MAX_CONNECTIONS, sizeof(*latencies));
    open_connections(argv[1], argv[2]);
    int poll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!latencies || poll_fd < 0 || connection_count == 0)
        die("start");
    uint64_t start = now_ns();
    for (size_t i = 0; i < connection_count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};
        epoll_ctl(poll_fd, EPOLL_CTL_ADD, connections[i].fd, &event);
        send_next(&connections[i]);
    }
    while (finished < wanted) {
        int ready = epoll_wait(poll_fd, events, 256, 30000);
        if (ready <= 0)
            die("no answer within 30 s");
        for (int i = 0; i < ready; i++)
            receive(events[i].data.ptr);
    }
    double seconds = (double)(now_ns() - start) / 1e9;
    qsort(latencies, finished, sizeof(*latencies), compare);
    printf("{\"requests\":%zu,\"failed\":%zu,\"seconds\":%.3f,\"p50\":%u,\"p99\":%u}\n", finished,
           failed, seconds, latencies[finished / 2], latencies[finished * 99 / 100]);
    return failed ? 1 : 0;
}
