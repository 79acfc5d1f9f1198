/*
 * variant.c - one plugin, built wrong or old in several ways (CMakeLists.txt says which). Its
 * constructor leaves a mark in the environment, so that a test knows whether its code has run.
 */
#include <stdlib.h>

#include <hearth/plugin.h>

#ifndef SDK_MAJOR
#define SDK_MAJOR HEARTH_ABI_MAJOR
#endif
#ifndef SDK_MINOR
#define SDK_MINOR HEARTH_ABI_MINOR
#endif
#ifndef DESC_VERSION
#define DESC_VERSION "1.4.0"
#endif
#ifndef DESC_SIZE
#define DESC_SIZE sizeof(hearth_plugin_desc)
#endif

__attribute__((constructor)) static void on_load(void)
{
    setenv("HEARTH_ABI_RAN", "yes", 1);
}

static hearth_status answer(hearth_ctx *ctx, hearth_req *req)
{
    (void)ctx;
    (void)req;
    return HEARTH_OK;
}

/* Rows as an older SDK had them, or as a later one will. */
typedef struct variant_route {
    const char *method;
    const char *path;
    hearth_handler handler;
    hearth_access access;
    hearth_affinity affinity;
#ifdef LONGER_ROWS
    const char *scope;
    uint32_t max_body;
    uint32_t timeout_ms;
    const char *help;
    uint64_t of_a_later_sdk[3];
#endif
} variant_route;

static const variant_route routes[] = {
    {.method = "GET", .path = "/one", .handler = answer},
    {.method = "GET", .path = "/two", .handler = answer},
    {0},
};

#ifndef NO_MANIFEST
__attribute__((used, section(HEARTH_MANIFEST_SECTION))) static const hearth_manifest manifest = {
    HEARTH_ABI_MAGIC, sizeof(hearth_manifest), SDK_MAJOR, SDK_MINOR, 0, "variant", "1.4.0"};
#endif

HEARTH_EXPORT extern const hearth_plugin_desc hearth_plugin_main;
const hearth_plugin_desc hearth_plugin_main = {
    .magic = HEARTH_ABI_MAGIC,
    .struct_size = DESC_SIZE,
    .abi_major = SDK_MAJOR,
    .abi_minor = SDK_MINOR,
#ifndef NO_MANIFEST
    .manifest = &manifest,
#endif
    .id = "variant",
    .version = DESC_VERSION,
    .route_size = sizeof(variant_route),
    .routes = (const hearth_route *)(const void *)routes,
    /* Beyond the descriptor's size: an older plugin has something else here. */
    .reconfigured = (void (*)(hearth_ctx *))1,
    .close = NULL};
