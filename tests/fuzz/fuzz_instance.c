/*
 * fuzz_instance.c - hostile registrations and heartbeats, through the real handlers. Input: the
 * route, a header, then the body. Whatever comes, the answer is JSON with a known status; what is
 * refused writes nothing; a heartbeat that comes again changes nothing.
 */
#include "plugin_fixture.h"

static const char *const headers[] = {
    "Content-Type: application/json",
    "Content-Type: application/json; charset=utf-8",
    "Content-Type: text/plain",
};

static struct world *world;
static char instance[64];
static unsigned runs;

static void begin(void)
{
    void *made;
    world_start(&made);
    world = made;
    snprintf(instance, sizeof(instance), "%s", register_at(world, 7000));
    open_session(world);
}

static void finish(void)
{
    void *made = world;
    world_stop(&made);
    world = NULL;
}

static hearth_test_call *send_input(const uint8_t *data, size_t size)
{
    char path[128] = "/gamesim-instances";
    int beats = data[0] & 1;
    if (beats)
        snprintf(path, sizeof(path), "/gamesim-instances/%s/heartbeat", instance);
    return hearth_test_send(
        world->host, &(hearth_test_request_spec){
                         .method = beats ? "PUT" : "POST",
                         .path = path,
                         .headers = headers[data[1] % (sizeof(headers) / sizeof(headers[0]))],
                         .body = {(const char *)data + 2, size - 2},
                         .user = instance,
                         .scope = "gamesim",
                     });
}

static void check_status(hearth_test_call *call, int beats)
{
    int status = hearth_test_status(call);
    if (status == (beats ? 200 : 201)) {
        if (!hearth_test_json(call, beats ? "kick" : "connectKey"))
            abort();
        return;
    }
    if (status != 400 && status != 413 && status != 415)
        abort();
    if (code_of(call)[0] == 0 || !hearth_test_json(call, "requestId"))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    if (!world)
        begin();
    int beats = data[0] & 1;
    size_t writes = world->store.write_ops;
    hearth_test_call *first = send_input(data, size);
    check_status(first, beats);
    size_t writes_then = world->store.write_ops;
    int taken = hearth_test_status(first) < 300;
    if (taken ? writes_then == writes : writes_then != writes)
        abort();
    hearth_test_call *again = send_input(data, size);
    if (hearth_test_status(again) != hearth_test_status(first) ||
        ((beats || !taken) && world->store.write_ops != writes_then))
        abort();
    hearth_test_release(first);
    hearth_test_release(again);
    if (taken || ++runs % 256 == 0) /* the next heartbeat may have any sequence again */
        finish();
    return 0;
}
