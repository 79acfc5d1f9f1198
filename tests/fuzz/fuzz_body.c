/*
 * fuzz_body.c - hostile bodies for every route of the characters, through the real handlers. Input:
 * a route, a header, then the body. Whatever comes, the answer is JSON with a known status, and
 * only a success changes the character, by one version.
 */
#include "plugin_fixture.h"

#define RECIPE "{\"race\":\"Elf\",\"subRace\":\"High\",\"class\":\"Wizard\"}"

static const struct {
    const char *method, *rest;
} routes[] = {
    {"POST", NULL}, /* /characters */
    {"PATCH", "/stats/hitpoints"},
    {"POST", "/equipment/armor"},
    {"POST", "/equipment/shield"},
    {"POST", "/equipment/weapon"},
    {"DELETE", "/equipment/mainHand"},
    {"POST", "/inventory/use"},
    {"PATCH", "/currency/modify"},
    {"POST", "/currency/exchange"},
    {"POST", "/rest"},
};

static const char *const headers[] = {
    "Content-Type: application/json",
    "Content-Type: application/json\nIf-Match: \"1\"",
    "Content-Type: application/json\nIdempotency-Key: k",
    "Content-Type: application/json; charset=utf-8\nIf-Match: W/\"1\"",
    "Content-Type: text/plain",
};

static struct world *world;
static char id[64], path[128];

static hearth_test_call *send_body(const char *method, const char *to, const char *head,
                                   const uint8_t *body, size_t len)
{
    return hearth_test_send(world->host,
                            &(hearth_test_request_spec){.method = method,
                                                        .path = to,
                                                        .headers = head,
                                                        .body = {(const char *)body, len},
                                                        .user = ALICE});
}

static void make_character(void)
{
    world = world_create(NULL);
    snprintf(id, sizeof(id), "%s", create_as(world, ALICE, RECIPE));
}

/* The version that a reader is shown. */
static int64_t version_now(void)
{
    snprintf(path, sizeof(path), "/characters/%s", id);
    hearth_test_call *call = send_body("GET", path, NULL, NULL, 0);
    if (hearth_test_status(call) != 200)
        abort();
    int64_t version = number_of(call, "version");
    hearth_test_release(call);
    return version;
}

static void check_answer(hearth_test_call *call, int is_create, int64_t before)
{
    static const int known[] = {200, 201, 400, 409, 415, 422, 428};
    int status = hearth_test_status(call), is_known = 0;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        is_known |= status == known[i];
    if (!is_known)
        abort();
    if (status >= 400 && (code_of(call)[0] == 0 || !hearth_test_json(call, "requestId")))
        abort();
    int replayed = hearth_test_header(call, "Idempotency-Replayed") != NULL;
    if (version_now() != before + (status == 200 && !replayed && !is_create))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned runs;
    if (size < 2)
        return 0;
    if (world && ++runs % 64 == 0) { /* what creates left behind */
        world_destroy(world);
        world = NULL;
    }
    if (!world)
        make_character();
    size_t route = data[0] % (sizeof(routes) / sizeof(routes[0]));
    const char *head = headers[data[1] % (sizeof(headers) / sizeof(headers[0]))];
    int64_t before = version_now();
    snprintf(path, sizeof(path), "/characters%s%s%s", routes[route].rest ? "/" : "",
             routes[route].rest ? id : "", routes[route].rest ? routes[route].rest : "");
    hearth_test_call *call = send_body(routes[route].method, path, head, data + 2, size - 2);
    check_answer(call, !routes[route].rest, before);
    hearth_test_release(call);
    return 0;
}
