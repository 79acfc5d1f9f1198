/*
 * fuzz_report.c - hostile reports of an instance, through the real handlers. Input: the route, a
 * header, then the body. Whatever comes, the answer is JSON with a known status; only what is taken
 * in changes the record, by one version; and the same report again has the same answer and changes
 * nothing.
 */
#include "plugin_fixture.h"

static const char *const headers[] = {
    "Content-Type: application/json",
    "Content-Type: application/json; charset=utf-8",
    "Content-Type: text/plain",
};

static struct world *world;
static char instance[64], session[64];
static unsigned runs;

static void begin(void)
{
    void *made;
    world_start(&made);
    world = made;
    snprintf(instance, sizeof(instance), "%s", register_at(world, 7000));
    snprintf(session, sizeof(session), "%s", open_session(world));
    join_session(world, session, BOB, BOBS_HERO);
}

static void finish(void)
{
    void *made = world;
    world_stop(&made);
    world = NULL;
}

static hearth_test_call *send_report(const uint8_t *data, size_t size)
{
    char path[128];
    snprintf(path, sizeof(path), "/gamesims/%s/%s", session, data[0] & 1 ? "end" : "updates");
    return hearth_test_send(
        world->host, &(hearth_test_request_spec){
                         .method = "POST",
                         .path = path,
                         .headers = headers[data[1] % (sizeof(headers) / sizeof(headers[0]))],
                         .body = {(const char *)data + 2, size - 2},
                         .user = instance,
                         .scope = "gamesim",
                     });
}

static uint64_t record_version(void)
{
    const hearth_doc *record = stored_record(world, session);
    return record ? record->version : 0;
}

static int64_t loot(void)
{
    return hero_of(world, ALICES_HERO)->loot + hero_of(world, BOBS_HERO)->loot;
}

static void check_status(hearth_test_call *call)
{
    static const int known[] = {200, 400, 409, 410, 413, 415};
    int status = hearth_test_status(call), is_known = 0;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        is_known |= status == known[i];
    if (!is_known)
        abort();
    if (status >= 400 && (code_of(call)[0] == 0 || !hearth_test_json(call, "requestId")))
        abort();
    if (status == 200 &&
        (!hearth_test_json(call, "applied") || !hearth_test_json(call, "rejected")))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    if (!world)
        begin();
    uint64_t version = record_version();
    int64_t had = loot();
    hearth_test_call *first = send_report(data, size);
    check_status(first);
    uint64_t version_then = record_version();
    int64_t had_then = loot();
    int taken = hearth_test_status(first) == 200;
    if (version_then > version + (uint64_t)taken || (version_then == version && had_then != had))
        abort();
    hearth_test_call *again = send_report(data, size);
    hearth_str was = hearth_test_body(first), is = hearth_test_body(again);
    if (hearth_test_status(again) != hearth_test_status(first) ||
        record_version() != version_then || loot() != had_then ||
        (taken && (was.len != is.len || memcmp(was.ptr, is.ptr, is.len) != 0)))
        abort();
    hearth_test_release(first);
    hearth_test_release(again);
    if (taken || ++runs % 256 == 0) /* the next report begins with 1 again */
        finish();
    return 0;
}
