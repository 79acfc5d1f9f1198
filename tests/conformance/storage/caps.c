/*
 * caps.c - what the backend says of itself, and that it says it is well.
 */
#include "run.h"

static void caps_are_whole(struct run *run)
{
    const hearth_storage_caps *caps = run->caps;

    EXPECT(run, caps && HEARTH_HAS(caps, identity), "caps has no struct_size, or one too small");
    EXPECT(run, caps->max_transact >= 8, "max_transact is %u, expected at least 8",
           caps->max_transact);
    EXPECT(run, caps->max_body >= HEARTH_STORAGE_MAX_BODY, "max_body is %llu, expected at least %d",
           (unsigned long long)caps->max_body, HEARTH_STORAGE_MAX_BODY);
    EXPECT(run, caps->max_batch >= 1, "max_batch is 0");
    EXPECT(run, caps->name && caps->name[0], "there is no name");
    EXPECT(run, caps->identity && caps->identity[0], "there is no identity");
}

static void is_healthy(struct run *run)
{
    hearth_key key = key_of(run, "healthy", "a");
    for (uint32_t loop = 0; loop < run->ctx->loops; loop++) {
        call_get(run, loop, &key, NULL);
        EXPECT(run, call_healthy(run, loop), "healthy() answers 0 on loop %u after a good read",
               loop);
    }
}

const struct check caps_checks[] = {
    {"caps name the store and keep the minimums", caps_are_whole},
    {"a backend that has answered is healthy", is_healthy},
    {NULL, NULL},
};
