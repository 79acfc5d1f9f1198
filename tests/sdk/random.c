/* random.c - hearth.random/1. */
#include <hearth/random.h>

#include "check.h"

static hearth_status run(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_random *api = hearth_random_get(ctx);
    unsigned char a[600] = {0}, b[600] = {0};
    api->bytes(ctx, a, sizeof(a));
    api->bytes(ctx, b, sizeof(b));
    CHECK(memcmp(a, b, sizeof(a)) != 0 && memcmp(a + 590, b + 590, 10) != 0);
    unsigned counts[6] = {0};
    for (int i = 0; i < 6000; i++) {
        uint32_t drawn = api->below(ctx, 6);
        CHECK(drawn < 6);
        counts[drawn]++;
    }
    for (int i = 0; i < 6; i++)
        CHECK(counts[i] > 800 && counts[i] < 1200);
    CHECK(api->below(ctx, 1) == 0);
    char one[HEARTH_UUID_SIZE], two[HEARTH_UUID_SIZE];
    api->uuid(ctx, one);
    api->uuid(ctx, two);
    CHECK(strlen(one) == 36 && strcmp(one, two) != 0 && one[14] == '4' && strchr("89ab", one[19]));
    return ok(ctx, req);
}

static const hearth_use uses[] = {
    USE(HEARTH_RANDOM_ID, hearth_random), USE(HEARTH_HTTP_ID, hearth_http), {0}};
static const hearth_route routes[] = {{.method = "GET", .path = "/random", .handler = run}, {0}};
HEARTH_PLUGIN("sdk-random", "1.0.0", .uses = uses, .routes = routes);
