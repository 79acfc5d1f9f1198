/*
 * redis_config.c - see redis_config.h.
 */
#include "redis_config.h"

#include <stdio.h>
#include <string.h>

/* Reads HOST:PORT or [HOST]:PORT. */
static bool read_address(const struct redis_config *config, struct redis_place *place)
{
    hearth_str address = config->address;
    size_t colon = address.len;
    unsigned long number = 0;

    while (colon > 0 && address.ptr[colon - 1] != ':')
        colon--;
    if (colon < 2 || colon == address.len || colon >= sizeof(place->host))
        return false;
    for (size_t i = colon; i < address.len; i++) {
        if (address.ptr[i] < '0' || address.ptr[i] > '9' || number > 65535)
            return false;
        number = number * 10 + (unsigned long)(address.ptr[i] - '0');
    }
    if (number == 0 || number > 65535)
        return false;
    hearth_str name = {address.ptr, colon - 1};
    if (name.len > 2 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']')
        name = (hearth_str){name.ptr + 1, name.len - 2};
    else if (memchr(name.ptr, ':', name.len))
        return false;
    memcpy(place->host, name.ptr, name.len);
    place->host[name.len] = '\0';
    place->port = (uint16_t)number;
    return true;
}

static const char *tls_problem(const struct redis_config *config)
{
    if (!config->tls && config->tls_ca.len > 0)
        return "tls_ca: expected tls: true with it, found false";
    if (!config->tls && config->tls_server_name.len > 0)
        return "tls_server_name: expected tls: true with it, found false";
    if (!config->tls && config->tls_certificate.len > 0)
        return "tls_certificate: expected tls: true with it, found false";
    if (!config->tls && config->tls_key.len > 0)
        return "tls_key: expected tls: true with it, found false";
    if (config->tls_certificate.len > 0 && config->tls_key.len == 0)
        return "tls_certificate: expected tls_key with it, found none";
    if (config->tls_key.len > 0 && config->tls_certificate.len == 0)
        return "tls_key: expected tls_certificate with it, found none";
    return NULL;
}

static hearth_status read_place(struct redis_place *place, const struct redis_config *config,
                                char *err, size_t err_size)
{
    const char *problem = tls_problem(config);

    *place = (struct redis_place){.speaks_tls = config->tls != 0};
    if (!read_address(config, place)) {
        snprintf(err, err_size, "address: expected HOST:PORT, found \"%" HEARTH_PRIS "\"",
                 HEARTH_ARG(config->address));
        return HEARTH_EINVAL;
    }
    if (config->username.len > 0 && config->password.len == 0)
        problem = "username: expected a password with it, found none";
    if (problem) {
        snprintf(err, err_size, "%s", problem);
        return HEARTH_EINVAL;
    }
    if (!place->speaks_tls)
        return HEARTH_OK;
    return redis_tls_init(&place->tls, config, place->host, err, err_size);
}

void redis_place_finish(struct redis_place *place)
{
    if (place->speaks_tls)
        redis_tls_finish(&place->tls);
}

hearth_status redis_place_init(struct redis_place *place, hearth_ctx *ctx,
                               const struct redis_config *config)
{
    char err[400];
    hearth_status status = read_place(place, config, err, sizeof(err));
    if (status != HEARTH_OK)
        HEARTH_LOG(hearth_log_get(ctx), ctx, NULL, HEARTH_LOG_ERROR, "%s", err);
    return status;
}

hearth_status redis_config_check(const struct redis_config *config, char *err, size_t err_size)
{
    struct redis_place place;
    hearth_status status = read_place(&place, config, err, err_size);
    if (status == HEARTH_OK)
        redis_place_finish(&place);
    return status;
}
