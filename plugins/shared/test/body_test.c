/*
 * body_test.c - every kind of bad body has its status, its code and the field's name; good ones
 * arrive.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hearth/testing.h>

#include "body.h"

static const body_field fields[] = {
    {"name", BODY_STRING, 0, 1, 8},  {"count", BODY_INTEGER, 0, 1, 9},
    {"flag", BODY_BOOLEAN, 0, 0, 0}, {"id", BODY_UUID, 0, 0, 0},
    {"must", BODY_STRING, 1, 0, 0},  {"object", BODY_OBJECT, 0, 0, 0},
    {"array", BODY_ARRAY, 0, 0, 0},  {"any", BODY_INTEGER, 0, 0, 0}};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static const body_field inner[] = {{"size", BODY_INTEGER, 0, 1, 9}, {"owner", BODY_UUID, 0, 0, 0}};

static body_value values[FIELDS], inside[2];
static int may_be_empty;

static hearth_status echo(hearth_ctx *ctx, hearth_req *req)
{
    body_api api = {hearth_http_get(ctx), hearth_json_get(ctx)};
    char id[HEARTH_UUID_SIZE];

    if (!body_read(&api, req, fields, FIELDS, may_be_empty, values))
        return HEARTH_OK;
    if (values[5].present &&
        !body_read_object(&api, req, "object", values[5].json, inner, 2, inside))
        return HEARTH_OK;
    if (values[6].present && api.json->size(values[6].json) > 0 &&
        !body_read_object(&api, req, "array.0", api.json->at(values[6].json, 0), inner, 2, inside))
        return HEARTH_OK;
    if (!body_read_id(&api, req, "id", id))
        return HEARTH_OK;
    return api.http->reply(req, 200, HEARTH_STR("text/plain"), (hearth_str){id, strlen(id)});
}

HEARTH_PLUGIN(
    "body", "1.0.0", .summary = "Echoes.",
    .uses = (const hearth_use[]){{HEARTH_HTTP_ID, sizeof(hearth_http), HEARTH_REQUIRED, 0},
                                 {HEARTH_JSON_ID, sizeof(hearth_json), HEARTH_REQUIRED, 0},
                                 {0}},
    .routes = (const hearth_route[]){
        {"POST", "/{id}", echo, HEARTH_PUBLIC, HEARTH_AFFINITY_ANY, NULL, 0, 0, "Echoes"}, {0}});

#define ID "F81D4FAE-7dec-11d0-a765-00a0c91e6bf6"

static hearth_test_host *host;

static int setup(void **state)
{
    (void)state;
    may_be_empty = BODY_NEEDED;
    host = hearth_test_create(NULL);
    return hearth_test_add(host, &hearth_plugin_main) == HEARTH_OK &&
                   hearth_test_start(host) == HEARTH_OK
               ? 0
               : -1;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(hearth_test_stop(host), HEARTH_OK);
    hearth_test_destroy(host);
    return 0;
}

static void bad_bodies_are_named(void **state)
{
    static const struct {
        const char *type, *body;
        int status;
        const char *says[2];
    } rows[] = {
        {"application/json", "", 400, {"INVALID_JSON"}},
        {"application/json", "{\"must\":", 400, {"INVALID_JSON"}},
        {"application/json", "{\"must\":\"a\",\"must\":\"b\"}", 400, {"INVALID_JSON"}},
        {"application/json", "{\"must\":\"\\ud800\"}", 400, {"INVALID_JSON"}},
        {"application/json", "3", 400, {"INVALID_REQUEST"}},
        {"application/json", "{}", 400, {"INVALID_REQUEST", "must"}},
        {"application/json", "{\"must\":null}", 400, {"INVALID_REQUEST", "must"}},
        {"application/json",
         "{\"must\":\"\",\"armorClass\":1}",
         400,
         {"INVALID_REQUEST", "armorClass"}},
        {"application/json", "{\"must\":\"\",\"Must\":\"\"}", 400, {"INVALID_REQUEST", "Must"}},
        {"application/json", "{\"must\":\"\",\"name\":\"\"}", 400, {"INVALID_REQUEST", "name"}},
        {"application/json",
         "{\"must\":\"\",\"name\":\"123456789\"}",
         400,
         {"INVALID_REQUEST", "name"}},
        {"application/json", "{\"must\":\"\",\"count\":0}", 400, {"INVALID_REQUEST", "count"}},
        {"application/json", "{\"must\":\"\",\"count\":10}", 400, {"INVALID_REQUEST", "count"}},
        {"application/json", "{\"must\":\"\",\"count\":1.0}", 400, {"INVALID_REQUEST", "count"}},
        {"application/json", "{\"must\":\"\",\"count\":\"1\"}", 400, {"INVALID_REQUEST", "count"}},
        {"application/json",
         "{\"must\":\"\",\"any\":9007199254740992}",
         400,
         {"INVALID_REQUEST", "any"}},
        {"application/json", "{\"must\":\"\",\"flag\":0}", 400, {"INVALID_REQUEST", "flag"}},
        {"application/json", "{\"must\":\"\",\"object\":[]}", 400, {"INVALID_REQUEST", "object"}},
        {"application/json", "{\"must\":\"\",\"array\":{}}", 400, {"INVALID_REQUEST", "array"}},
        {"application/json", "{\"must\":\"\",\"id\":7}", 400, {"INVALID_REQUEST", "id"}},
        {"application/json", "{\"must\":\"\",\"id\":\"7\"}", 400, {"INVALID_ID", "id"}},
        {"application/json",
         "{\"must\":\"\",\"id\":\"f81d4fae-7dec-11d0-a765_00a0c91e6bf6\"}",
         400,
         {"INVALID_ID", "id"}},
        {"application/json",
         "{\"must\":\"\",\"object\":{\"size\":0}}",
         400,
         {"INVALID_REQUEST", "object.size: expected 1 to 9"}},
        {"application/json",
         "{\"must\":\"\",\"object\":{\"weight\":0}}",
         400,
         {"INVALID_REQUEST", "object.weight: this field is not known here"}},
        {"application/json",
         "{\"must\":\"\",\"array\":[{\"owner\":\"7\"}]}",
         400,
         {"INVALID_ID", "array.0.owner: expected a UUID"}},
        {"application/json",
         "{\"must\":\"\",\"array\":[null]}",
         400,
         {"INVALID_REQUEST", "array.0: expected an object"}},
        {"application/json", "{\"must\":\"\",\"object\":{\"size\":1}}", 200, {NULL}},
        {"text/json", "{\"must\":\"\"}", 415, {"UNSUPPORTED_MEDIA_TYPE"}},
        {"application/json-patch", "{\"must\":\"\"}", 415, {"UNSUPPORTED_MEDIA_TYPE"}},
        {"application/json charset=utf-8", "{\"must\":\"\"}", 415, {"UNSUPPORTED_MEDIA_TYPE"}},
        {"APPLICATION/json ;charset=utf-8",
         "{\"must\":\"\"}",
         200,
         {"f81d4fae-7dec-11d0-a765-00a0c91e6bf6"}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char header[128];
        snprintf(header, sizeof(header), "Content-Type: %s", rows[i].type);
        hearth_test_call *call = hearth_test_request(host, "POST", "/" ID, header, rows[i].body);
        if (hearth_test_status(call) != rows[i].status)
            fail_msg("%s: expected %d, found %d", rows[i].body, rows[i].status,
                     hearth_test_status(call));
        for (int s = 0; s < 2 && rows[i].says[s]; s++)
            if (!strstr(hearth_test_body(call).ptr, rows[i].says[s]))
                fail_msg("%s: expected %s, found %s", rows[i].body, rows[i].says[s],
                         hearth_test_body(call).ptr);
    }
}

static void good_values_arrive(void **state)
{
    (void)state;
    hearth_test_call *call = hearth_test_request(
        host, "POST", "/" ID, "Content-Type: application/json",
        "{\"must\":\"\",\"name\":\"12345678\",\"count\":9,\"any\":-9007199254740991,\"flag\":true,"
        "\"id\":\"" ID "\",\"array\":[],\"object\":{}}");
    assert_int_equal(hearth_test_status(call), 200);
    for (size_t i = 0; i < FIELDS; i++)
        assert_true(values[i].present);
    assert_int_equal(values[0].string.len, 8);
    assert_int_equal(values[1].integer, 9);
    assert_true(values[2].boolean);
    assert_string_equal(values[3].uuid, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
    assert_true(values[7].integer == INT64_C(-9007199254740991));
}

static void a_body_may_be_left_out_where_it_may(void **state)
{
    (void)state;
    may_be_empty = BODY_MAY_BE_EMPTY;
    hearth_test_call *call = hearth_test_request(host, "POST", "/" ID, NULL, "");
    assert_int_equal(hearth_test_status(call), 400); /* "must" is still required */
    assert_non_null(strstr(hearth_test_body(call).ptr, "must"));
    call = hearth_test_request(host, "POST", "/7", "Content-Type: application/json",
                               "{\"must\":\"\"}");
    assert_int_equal(hearth_test_status(call), 400);
    assert_non_null(strstr(hearth_test_body(call).ptr, "INVALID_ID"));
}

static void an_id_is_judged_at_every_byte(void **state)
{
    static const char upper[] = "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6";
    char text[sizeof(upper)], id[HEARTH_UUID_SIZE];
    (void)state;
    assert_true(body_uuid((hearth_str){upper, 36}, id));
    assert_string_equal(id, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
    assert_false(body_uuid((hearth_str){upper, 35}, id));
    assert_false(body_uuid((hearth_str){upper, 37}, id));
    for (size_t at = 0; at < 36; at++) {
        for (int c = 0; c < 256; c++) {
            memcpy(text, upper, sizeof(text));
            text[at] = (char)c;
            int good = upper[at] == '-' ? c == '-' : c && strchr("0123456789abcdefABCDEF", c);
            assert_int_equal(body_uuid((hearth_str){text, 36}, id), good);
        }
    }
}

static void an_excerpt_ends_between_characters(void **state)
{
    static const char text[] = "ab\xc3\xb6\xe2\x82\xac";
    hearth_str whole = {text, sizeof(text) - 1};
    static const size_t expected[] = {0, 1, 2, 2, 4, 4, 4, 7, 7};
    (void)state;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        assert_int_equal(body_excerpt(whole, i).len, expected[i]);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(bad_bodies_are_named),
        TEST(good_values_arrive),
        TEST(a_body_may_be_left_out_where_it_may),
        cmocka_unit_test(an_id_is_judged_at_every_byte),
        cmocka_unit_test(an_excerpt_ends_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
