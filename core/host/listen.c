/* listen.c - see listen.h. */
#include "host/listen.h"

#include "base/str.h"

/* One socket for one loop: a given one, or a new one beside it. */
static hearth_status open_socket(host_state *host, size_t index, uint32_t loop,
                                 hearth_address *address, handover *given, hearth_error *error)
{
    http_worker *worker = host->loops[loop].worker;
    int fd = handover_take(given, address);
    if (fd < 0)
        return worker_listen(worker, address, host->tls[index], address, error);
    socklen_t len = sizeof(*address);
    (void)getsockname(fd, &address->any, &len);
    return worker_adopt(worker, fd, host->tls[index], error);
}

static hearth_status open_one(host_state *host, size_t index, handover *given, hearth_error *error)
{
    const host_listen *item = &host->config->listen[index];
    hearth_address address;
    hearth_status status = address_parse(item->address, &address, error);
    if (status != HEARTH_OK)
        return status;
    if (item->tls_certificate.len > 0) {
        host->tls[index] = tls_create(item->tls_certificate.ptr, item->tls_key.ptr, error);
        if (!host->tls[index])
            return HEARTH_EINVAL;
    }
    for (uint32_t i = 0; status == HEARTH_OK && i < host->loop_count; i++)
        status = open_socket(host, index, i, &address, given, error);
    /* The holder had more loops: what waits in its further sockets is not forgotten. */
    for (int fd; status == HEARTH_OK && (fd = handover_take(given, &address)) >= 0;)
        status = worker_adopt(host->loops[0].worker, fd, host->tls[index], error);
    host->bound[index] = address;
    return status;
}

hearth_status listen_check_free(const host_config *config, hearth_error *error)
{
    hearth_status status = HEARTH_OK;
    for (size_t i = 0; status == HEARTH_OK && i < config->listen_count; i++) {
        hearth_address address;
        status = address_parse(config->listen[i].address, &address, error);
        if (status == HEARTH_OK && address_port(&address) != 0)
            status = listener_check_free(&address, error);
    }
    return status == HEARTH_OK ? status : error_prefix(error, "listen");
}

hearth_status listen_open(host_state *host, handover *given, hearth_error *error)
{
    size_t count = host->config->listen_count;
    host->tls = arena_calloc(&host->arena, count, sizeof(*host->tls));
    host->bound = arena_calloc(&host->arena, count, sizeof(*host->bound));
    if (!host->tls || !host->bound)
        return error_set(error, HEARTH_ENOMEM, "listen: out of memory");
    host->bound_count = count;
    hearth_status status = HEARTH_OK;
    for (size_t i = 0; status == HEARTH_OK && i < count; i++) {
        status = open_one(host, i, given, error);
        if (status != HEARTH_OK)
            (void)error_prefix(error, "listen");
    }
    return status;
}

const char *listen_describe(host_state *host)
{
    const char *text = "";
    for (size_t i = 0; text && i < host->bound_count; i++) {
        char address[ADDRESS_TEXT_SIZE];
        address_format(&host->bound[i], address);
        text = arena_printf(&host->arena, "%s%s%s://%s", text, i ? ", " : "",
                            host->tls[i] ? "https" : "http", address);
    }
    return text ? text : "";
}

hearth_status listen_check_certificates(const host_config *config, hearth_error *error)
{
    hearth_status status = HEARTH_OK;
    for (size_t i = 0; status == HEARTH_OK && i < config->listen_count; i++) {
        const host_listen *item = &config->listen[i];
        if (item->tls_certificate.len > 0)
            status = tls_check(item->tls_certificate.ptr, item->tls_key.ptr, error);
    }
    return status;
}

void listen_reload_certificates(host_state *host, const host_config *config)
{
    for (size_t i = 0; i < host->bound_count; i++) {
        hearth_error why;
        const host_listen *item = &config->listen[i];
        if (host->tls[i] && tls_reload(host->tls[i], item->tls_certificate.ptr, item->tls_key.ptr,
                                       &why) != HEARTH_OK)
            log_error("host", "the old certificate stays: %s", why.text);
    }
}

void listen_finish(host_state *host)
{
    for (size_t i = 0; i < host->bound_count; i++)
        tls_destroy(host->tls[i]);
    host->bound_count = 0;
}
