/*
 * allocation_test.c - nothing is allocated per packet or per tick: a whole host on a real socket
 * lets forty clients in, plays with them and sees them go, while every call of the allocator is
 * counted. The sanitizers' hooks see all of them, whichever library they come from.
 */
#include "../unit.h"

#include "bot/netcode_client.h"
#include "host/host.h"
#include "wire/wire.h"

#include <netinet/in.h>
#include <netcode_token.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS   40
#define SECOND_NS UINT64_C(1000000000)
#define INPUT_NS  (SECOND_NS / 30)

/* Of sanitizer/allocator_interface.h; absent without a sanitizer. */
__attribute__((weak)) int
__sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void *, size_t),
                                          void (*free_hook)(const volatile void *));

static atomic_bool counting;
static atomic_uint allocations;

static void on_malloc(const volatile void *memory, size_t size)
{
    (void)memory, (void)size;
    if (atomic_load(&counting))
        atomic_fetch_add(&allocations, 1);
}

static void on_free(const volatile void *memory)
{
    (void)memory;
}

struct caller {
    int fd;
    struct netcode_client client;
    uint32_t sequence;
    uint64_t input_ns;
    unsigned snapshots;
};

struct stage {
    uv_loop_t loop;
    struct options options;
    struct dungeon dungeon;
    gamesim_host *host;
    netcode_address address;
    struct sockaddr_storage name;
    socklen_t name_len;
    struct caller callers[CLIENTS];
    uint8_t tokens[2][CLIENTS][NETCODE_TOKEN_BYTES];
};

static void send_datagram(void *arg, const netcode_address *to, const uint8_t *bytes, size_t len)
{
    struct caller *caller = arg;
    (void)to;
    /* Connected to the one server; what the kernel does not take is lost, as any packet may be. */
    if (send(caller->fd, bytes, len, MSG_DONTWAIT) < 0)
        return;
}

static void take_payload(void *arg, const uint8_t *payload, size_t len)
{
    struct caller *caller = arg;
    caller->snapshots += wire_type_of(payload, len) == WIRE_SNAPSHOT;
}

static void make_tokens(struct stage *stage, unsigned round)
{
    netcode_issuer issuer;
    assert_int_equal(netcode_issuer_init(&issuer, stage->options.key, 1, 30), HEARTH_OK);
    for (unsigned i = 0; i < CLIENTS; i++) {
        uint64_t expires_at;
        const netcode_grant grant = {.client_id = i + 1,
                                     .timeout_seconds = 5,
                                     .public_addresses = &stage->address,
                                     .public_count = 1,
                                     .private_addresses = &stage->address,
                                     .private_count = 1};
        assert_int_equal(netcode_token_write(&issuer, &grant, stage->tokens[round][i], &expires_at),
                         HEARTH_OK);
    }
    netcode_issuer_finish(&issuer);
}

static void open_callers(struct stage *stage)
{
    stage->address = host_address(stage->host);
    stage->name_len = netcode_address_to_sockaddr(&stage->address, AF_INET, &stage->name);
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct caller *caller = &stage->callers[i];
        caller->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        assert_true(caller->fd >= 0);
        assert_int_equal(connect(caller->fd, (struct sockaddr *)&stage->name, stage->name_len), 0);
        caller->client.send = send_datagram;
        caller->client.payload = take_payload;
        caller->client.arg = caller;
    }
}

static struct stage *stage_create(void)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    char error[512];
    assert_non_null(stage);
    stage->options = (struct options){.standalone = true,
                                      .key = {9},
                                      .protocol_id = 1,
                                      .slots = CLIENTS,
                                      .token_lifetime_seconds = 30,
                                      .ec2_at = -1};
    assert_int_equal(netcode_address_parse(&stage->options.listen, "127.0.0.1:0"), HEARTH_OK);
    assert_int_equal(dungeon_load(&stage->dungeon, GAMEDATA, error), HEARTH_OK);
    assert_int_equal(uv_loop_init(&stage->loop), 0);
    assert_int_equal(
        host_create(&stage->host, &stage->loop, &stage->options, &stage->dungeon, NULL, error),
        HEARTH_OK);
    open_callers(stage);
    make_tokens(stage, 0);
    make_tokens(stage, 1);
    return stage;
}

static void stage_destroy(struct stage *stage)
{
    host_stop(stage->host);
    uv_run(&stage->loop, UV_RUN_DEFAULT);
    host_destroy(stage->host);
    assert_int_equal(uv_loop_close(&stage->loop), 0);
    for (unsigned i = 0; i < CLIENTS; i++)
        close(stage->callers[i].fd);
    free(stage);
}

static void send_input(struct caller *caller, uint64_t now_ns)
{
    uint8_t message[WIRE_MESSAGE_MAX];
    if (caller->client.state != CLIENT_CONNECTED || now_ns < caller->input_ns + INPUT_NS)
        return;
    caller->input_ns = now_ns;
    const struct wire_inputs inputs = {.newest = ++caller->sequence,
                                       .count = 1,
                                       .inputs = {{.move_x = (int8_t)(caller->sequence & 1)}}};
    netcode_client_send(&caller->client, message, wire_write_inputs(message, &inputs), now_ns);
}

static void turn(struct stage *stage)
{
    uint8_t datagram[2048];
    uv_run(&stage->loop, UV_RUN_NOWAIT);
    uint64_t now = uv_hrtime();
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct caller *caller = &stage->callers[i];
        for (ssize_t n; (n = recv(caller->fd, datagram, sizeof(datagram), 0)) > 0;)
            netcode_client_receive(&caller->client, &stage->address, datagram, (size_t)n, now);
        netcode_client_update(&caller->client, now);
        send_input(caller, now);
    }
    poll(NULL, 0, 1);
}

static unsigned count_in(const struct stage *stage, unsigned snapshots)
{
    unsigned in = 0;
    for (unsigned i = 0; i < CLIENTS; i++)
        in += stage->callers[i].client.state == CLIENT_CONNECTED &&
              stage->callers[i].snapshots >= snapshots;
    return in;
}

static uint32_t seated(const struct stage *stage)
{
    gamesim_status status;
    host_status_get(stage->host, &status);
    return status.netcode.connected;
}

/* All come, play for 60 snapshots, and go. */
static void play_once(struct stage *stage, unsigned round)
{
    uint64_t deadline = uv_hrtime() + 60 * SECOND_NS;
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct caller *caller = &stage->callers[i];
        caller->snapshots = caller->sequence = 0;
        netcode_client_connect(&caller->client, stage->tokens[round][i], NETCODE_TOKEN_BYTES,
                               uv_hrtime());
    }
    while (count_in(stage, 60) < CLIENTS && uv_hrtime() < deadline)
        turn(stage);
    assert_int_equal(count_in(stage, 60), CLIENTS);
    for (unsigned i = 0; i < CLIENTS; i++)
        netcode_client_disconnect(&stage->callers[i].client);
    while (seated(stage) > 0 && uv_hrtime() < deadline)
        turn(stage);
    assert_int_equal(seated(stage), 0);
}

static void nothing_is_allocated_per_packet_or_per_tick(void **state)
{
    struct stage *stage = stage_create();
    (void)state;
    play_once(stage, 0); /* whatever is made at the first time, such as the loop's own tables */
    atomic_store(&counting, true);
    free(malloc(1)); /* the hook does count */
    assert_int_equal(atomic_load(&allocations), 1);
    play_once(stage, 1);
    atomic_store(&counting, false);
    assert_int_equal(atomic_load(&allocations), 1);
    stage_destroy(stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_allocated_per_packet_or_per_tick),
    };
    if (!__sanitizer_install_malloc_and_free_hooks) {
        print_message("without a sanitizer nobody counts allocations: skipped\n");
        return 0;
    }
    __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
