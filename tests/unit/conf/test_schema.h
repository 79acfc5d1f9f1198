/*
 * test_schema.h - one schema with a field of every type, for all tests of configuration.
 */
#ifndef HEARTH_TESTS_CONF_SCHEMA_H
#define HEARTH_TESTS_CONF_SCHEMA_H

#include "conf/conf.h"

struct test_listen {
    hearth_str address;
    hearth_str tls_cert;
    int64_t backlog;
};

struct test_conf {
    hearth_str issuer;
    hearth_str greeting;
    hearth_str secret;
    int64_t port, timeout, max_body, retries;
    uint32_t verbose, registration;
    hearth_conf_list origins;
    hearth_conf_map services;
    conf_group_list listen;
};

extern const conf_schema test_schema;

#endif
