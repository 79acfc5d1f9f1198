/*
 * test_schema.c - the tables of test_schema.h.
 */
#include "test_schema.h"

#define FIELD(struct_, key_, type_, ...)                                                           \
    {                                                                                              \
        .key = #key_, .type = HEARTH_CONF_##type_, .offset = offsetof(struct_, key_), __VA_ARGS__  \
    }

static const hearth_conf_field listen_fields[] = {
    FIELD(struct test_listen, address, STR, .flags = HEARTH_CONF_REQUIRED, .help = "where"),
    FIELD(struct test_listen, tls_cert, STR, .help = "certificate"),
    FIELD(struct test_listen, backlog, INT, .def = "512", .min = 1, .max = 4096, .help = "queue"),
    {0}};

static const conf_schema listen_schema = {.fields = listen_fields,
                                          .field_size = sizeof(hearth_conf_field),
                                          .size = sizeof(struct test_listen)};

static const conf_group groups[] = {{.key = "listen",
                                     .item = &listen_schema,
                                     .max = 4,
                                     .offset = offsetof(struct test_conf, listen),
                                     .help = "where to listen"},
                                    {0}};

static const hearth_conf_field fields[] = {
    FIELD(struct test_conf, issuer, STR, .flags = HEARTH_CONF_REQUIRED, .help = "who issues"),
    FIELD(struct test_conf, greeting, STR, .flags = HEARTH_CONF_RELOADABLE, .def = "hello",
          .min = 1, .max = 32, .help = "text of the reply"),
    FIELD(struct test_conf, secret, STR, .flags = HEARTH_CONF_SECRET, .min = 8, .help = "a key"),
    FIELD(struct test_conf, port, INT, .def = "8080", .min = 1, .max = 65535, .help = "port"),
    FIELD(struct test_conf, verbose, BOOL, .def = "false", .help = "say more"),
    FIELD(struct test_conf, timeout, DURATION, .flags = HEARTH_CONF_RELOADABLE, .def = "10s",
          .min = 100, .max = 3600000, .help = "how long"),
    FIELD(struct test_conf, max_body, SIZE, .def = "64k", .min = 1024, .max = 10 << 20,
          .help = "largest body"),
    FIELD(struct test_conf, registration, ENUM, .def = "closed", .choices = "closed|open",
          .help = "who may make accounts"),
    FIELD(struct test_conf, origins, LIST, .flags = HEARTH_CONF_RELOADABLE, .max = 3,
          .help = "allowed origins"),
    FIELD(struct test_conf, services, MAP, .def = "{storage: storage-sqlite}", .help = "providers"),
    FIELD(struct test_conf, retries, INT, .min = 0, .max = 10, .help = "tries"),
    {0}};

const conf_schema test_schema = {.fields = fields,
                                 .field_size = sizeof(hearth_conf_field),
                                 .size = sizeof(struct test_conf),
                                 .groups = groups};
