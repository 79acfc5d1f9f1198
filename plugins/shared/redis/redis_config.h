/*
 * redis_config.h - where a Redis is and how to log in: the keys that every plugin which talks to
 * one has in its configuration.
 */
#ifndef REDIS_CONFIG_H
#define REDIS_CONFIG_H

#include <hearth/plugin.h>

#include <stdbool.h>

#include "redis_tls.h"

/* Part of the plugin's config struct. */
struct redis_config {
    hearth_str address;
    hearth_str username;
    hearth_str password;
    uint32_t tls;
    hearth_str tls_ca;
    hearth_str tls_server_name;
    hearth_str tls_certificate;
    hearth_str tls_key;
    int64_t database;
    int64_t timeout;
    int64_t connect_timeout;
    int64_t max_in_flight;
};

/* clang-format off */
#define REDIS_TEXT(place, key, flags, value, min, max, help)                                       \
    {key, HEARTH_CONF_STR, flags, place, value, min, max, NULL, help}
#define REDIS_NUMBER(place, key, type, value, min, max, help)                                      \
    {key, type, 0, place, value, min, max, NULL, help}

/* The rows that fill `member` of the plugin's config struct `type`. */
#define REDIS_CONFIG_FIELDS(type, member, timeout_default, max_in_flight_default)                  \
    REDIS_TEXT(offsetof(type, member.address), "address", 0, "127.0.0.1:6379", 3, 260,             \
               "HOST:PORT of the Redis, [HOST]:PORT for IPv6"),                                    \
    REDIS_TEXT(offsetof(type, member.username), "username", 0, "", 0, 256,                         \
               "ACL user; empty: the default user"),                                               \
    REDIS_TEXT(offsetof(type, member.password), "password", HEARTH_CONF_SECRET, NULL, 0, 1024,     \
               "password of the user"),                                                            \
    REDIS_NUMBER(offsetof(type, member.tls), "tls", HEARTH_CONF_BOOL, "false", 0, 0,               \
                 "speak TLS; the certificate of the Redis is always verified"),                    \
    REDIS_TEXT(offsetof(type, member.tls_ca), "tls_ca", HEARTH_CONF_PATH, "", 0, 4096,             \
               "PEM file of the authorities to trust; empty: those of the system"),                \
    REDIS_TEXT(offsetof(type, member.tls_server_name), "tls_server_name", 0, "", 0, 255,           \
               "name that the certificate must carry; empty: the host of the address"),            \
    REDIS_TEXT(offsetof(type, member.tls_certificate), "tls_certificate", HEARTH_CONF_PATH, "", 0, \
               4096, "PEM file of our own certificate, for a Redis that asks for one"),            \
    REDIS_TEXT(offsetof(type, member.tls_key), "tls_key", HEARTH_CONF_PATH, "", 0, 4096,           \
               "PEM file of its key, without a passphrase"),                                       \
    REDIS_NUMBER(offsetof(type, member.database), "database", HEARTH_CONF_INT, "0", 0, 65535,      \
                 "database number"),                                                               \
    REDIS_NUMBER(offsetof(type, member.timeout), "timeout", HEARTH_CONF_DURATION,                  \
                 timeout_default, 10, 60000,                                                       \
                 "a Redis that owes an answer for longer is taken for lost"),                      \
    REDIS_NUMBER(offsetof(type, member.connect_timeout), "connect_timeout", HEARTH_CONF_DURATION,  \
                 "1s", 10, 60000, "time to connect, shake hands and log in"),                      \
    REDIS_NUMBER(offsetof(type, member.max_in_flight), "max_in_flight", HEARTH_CONF_INT,           \
                 max_in_flight_default, 1, 1000000,                                                \
                 "commands that may wait for an answer on one loop")
/* clang-format on */

/* Where the configuration leads, and how to speak there; immutable. */
struct redis_place {
    char host[256];
    uint16_t port;
    bool speaks_tls;
    struct redis_tls tls;
};

/* For the plugin's check: one sentence into err when it refuses, a wrong file included. [main] */
hearth_status redis_config_check(const struct redis_config *config, char *err, size_t err_size);

/* For the plugin's open; what is wrong, although it was checked, is logged. [main] */
HEARTH_MUST_CHECK hearth_status redis_place_init(struct redis_place *place, hearth_ctx *ctx,
                                                 const struct redis_config *config);
/* For its close; zeroed is fine. [main] */
void redis_place_finish(struct redis_place *place);

#endif
