/*
 * answer.h - what a test looks for in an answer of a plugin's route.
 */
#ifndef SHARED_TEST_ANSWER_H
#define SHARED_TEST_ANSWER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hearth/testing.h>

/* A string of the answer, without quotes; valid until the next call. */
static inline const char *string_of(hearth_test_call *call, const char *path)
{
    static char found[4096];
    const char *json = hearth_test_json(call, path);
    if (!json || json[0] != '"')
        fail_msg("%s is no string in %s", path, hearth_test_body(call).ptr);
    snprintf(found, sizeof(found), "%s", json + 1);
    found[strlen(found) - 1] = 0;
    return found;
}

/* The answer's code ("NOT_FOUND"), or "" where there is none; valid until the next call. */
static inline const char *code_of(hearth_test_call *call)
{
    return hearth_test_json(call, "code") ? string_of(call, "code") : "";
}

static inline int64_t number_of(hearth_test_call *call, const char *path)
{
    const char *json = hearth_test_json(call, path);
    if (!json)
        fail_msg("%s is missing in %s", path, hearth_test_body(call).ptr);
    return strtoll(json, NULL, 10);
}

#define assert_status(call_, status_)                                                              \
    do {                                                                                           \
        hearth_test_call *checked_ = (call_);                                                      \
        if (hearth_test_status(checked_) != (status_))                                             \
            fail_msg("expected %d, found %d: %s", (status_), hearth_test_status(checked_),         \
                     hearth_test_body(checked_).ptr);                                              \
    } while (0)

#define assert_refused(call_, status_, code_)                                                      \
    do {                                                                                           \
        hearth_test_call *refused_ = (call_);                                                      \
        assert_status(refused_, status_);                                                          \
        assert_string_equal(code_of(refused_), code_);                                             \
    } while (0)

#endif
