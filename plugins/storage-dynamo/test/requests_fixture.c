/*
 * requests_fixture.c - see requests_fixture.h.
 */
#include "requests_fixture.h"

extern const hearth_plugin_desc hearth_plugin_main;

hearth_test_host *host;
struct server *server;
const hearth_storage *storage;
hearth_ctx *provider;
struct last last;

static void set(const char *key_value)
{
    assert_int_equal(hearth_test_set(host, "storage-dynamo", key_value), HEARTH_OK);
}

static int look_is_over(void *arg)
{
    (void)arg;
    return server_count(server, "GetItem") > 0 && storage->healthy(provider);
}

static void start(void)
{
    hearth_test_options options = {.real_time = 1};
    char endpoint[64];

    server = server_start();
    host = hearth_test_create(&options);
    assert_int_equal(hearth_test_add(host, &hearth_plugin_main), HEARTH_OK);
    snprintf(endpoint, sizeof(endpoint), "endpoint=http://127.0.0.1:%d", server_port(server));
    set(endpoint);
    set("region=test-1");
    set("timeout=500ms");
    set("retry_for=3s");
}

static void run(void)
{
    assert_int_equal(hearth_test_start(host), HEARTH_OK);
    storage = hearth_test_service(host, HEARTH_STORAGE_ID, 0, &provider);
    assert_non_null(storage);
}

int set_up(void **state)
{
    (void)state;
    setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    setenv("AWS_SECRET_ACCESS_KEY", SECRET, 1);
    unsetenv("AWS_SESSION_TOKEN");
    unsetenv("AWS_PROFILE");
    start();
    run();
    assert_true(hearth_test_wait_for(host, look_is_over, NULL, WAIT_MS));
    return 0;
}

int tear_down(void **state)
{
    (void)state;
    assert_int_equal(hearth_test_logged(host, 0, SECRET), 0);
    assert_int_equal(hearth_test_stop(host), HEARTH_OK);
    hearth_test_destroy(host);
    server_stop(server);
    return 0;
}

/* ---- calls ---- */

static void on_write(const hearth_storage_result *const *results, size_t count, void *arg)
{
    (void)arg;
    last.done = 1;
    last.count = count;
    for (size_t i = 0; i < count; i++) {
        last.outcomes[i] = results[i]->outcome;
        last.versions[i] = results[i]->current ? results[i]->current->version : 0;
        if (results[i]->error)
            snprintf(last.error, sizeof(last.error), "%s", results[i]->error);
    }
}

static void on_get(hearth_status status, const hearth_doc *doc, void *arg)
{
    (void)arg;
    last.done = 1;
    last.status = status;
    last.versions[0] = doc ? doc->version : 0;
}

hearth_storage_op put(const char *sort, uint32_t condition, uint64_t base)
{
    return (hearth_storage_op){
        .struct_size = sizeof(hearth_storage_op),
        .action = HEARTH_PUT,
        .condition = condition,
        .base_version = base,
        .doc = {.struct_size = sizeof(hearth_doc),
                .key = {HEARTH_STR("c"), HEARTH_STR("p"), {sort, strlen(sort)}},
                .body = HEARTH_STR("{\"n\":1}"),
                .version = base + 1,
                .write_id = HEARTH_STR("w/1")},
    };
}

void write_ops(const hearth_storage_op *ops, size_t count, bool atomic)
{
    const hearth_storage_op *list[MAX_OPS];

    for (size_t i = 0; i < count; i++)
        list[i] = &ops[i];
    memset(&last, 0, sizeof(last));
    if (atomic)
        storage->transact(provider, list, count, on_write, NULL);
    else
        storage->write(provider, list, count, on_write, NULL);
    assert_int_equal(last.done, 0);
    assert_true(hearth_test_wait(host, &last.done, WAIT_MS));
}

hearth_storage_outcome write_one(hearth_storage_op op)
{
    write_ops(&op, 1, false);
    return last.outcomes[0];
}

hearth_status get(void)
{
    hearth_key key = {HEARTH_STR("c"), HEARTH_STR("p"), HEARTH_STR("s")};

    memset(&last, 0, sizeof(last));
    storage->get(provider, &key, on_get, NULL);
    assert_true(hearth_test_wait(host, &last.done, WAIT_MS));
    return last.status;
}

double metric(const char *name, const char *labels)
{
    return hearth_test_metric(host, name, labels);
}
