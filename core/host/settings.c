/* settings.c - see settings.h. */
#include "host/settings.h"

#include <sched.h>
#include <string.h>

#include "base/str.h"

#define AT(member_) offsetof(host_settings, member_)
#define LIVE        HEARTH_CONF_RELOADABLE

static const hearth_conf_field listen_fields[] = {
    {"address", HEARTH_CONF_STR, HEARTH_CONF_REQUIRED, offsetof(host_listen, address), NULL, 1, 255,
     NULL, "Address and port to listen on; port 0 lets the kernel choose"},
    {"tls_certificate", HEARTH_CONF_STR, LIVE, offsetof(host_listen, tls_certificate), "", 0, 0,
     NULL, "PEM file with the certificate chain; empty serves plain HTTP"},
    {"tls_key", HEARTH_CONF_STR, LIVE, offsetof(host_listen, tls_key), "", 0, 0, NULL,
     "PEM file with the private key of tls_certificate"},
    {0}};

static const conf_schema listen_schema = {listen_fields, sizeof(hearth_conf_field),
                                          sizeof(host_listen), NULL};

static const hearth_conf_field fields[] = {
    {"loops", HEARTH_CONF_STR, 0, AT(loops), "auto", 1, 8, NULL,
     "Event loops, one thread each; auto is one per processor"},
    {"data_dir", HEARTH_CONF_STR, 0, AT(data_dir), "var", 1, 3000, NULL,
     "Directory for what must survive a restart; one hearthd at a time"},
    {"plugin_dir", HEARTH_CONF_STR, 0, AT(plugin_dir), "", 0, 3000, NULL,
     "Directory of the plugins' shared objects; empty is the one beside the program"},
    {"services", HEARTH_CONF_MAP, 0, AT(services), NULL, 0, 0, NULL,
     "Which plugin provides a service when several could, as storage: storage-sqlite"},
    {"include", HEARTH_CONF_LIST, 0, AT(include), "plugins.d/*.yaml", 0, 0, NULL,
     "Files that enable and configure one plugin each, relative to this file"},
    {"base_path", HEARTH_CONF_STR, 0, AT(base_path), "", 0, 256, NULL,
     "Prefix of every path, as /game"},
    {"cors_origins", HEARTH_CONF_LIST, LIVE, AT(cors_origins), NULL, 0, 0, NULL,
     "Origins whose browsers may call; * is any"},
    {"trusted_proxies", HEARTH_CONF_LIST, LIVE, AT(trusted_proxies), NULL, 0, 0, NULL,
     "Networks whose proxy_header is believed, as 10.0.0.0/8"},
    {"proxy_header", HEARTH_CONF_ENUM, LIVE, AT(proxy_header), "x-forwarded-for", 0, 0,
     "x-forwarded-for|forwarded", "The one header that the trusted proxies write"},
    {"log_level", HEARTH_CONF_ENUM, LIVE, AT(log_level), "info", 0, 0, "error|warn|info|debug",
     "Least severe lines that are written"},
    {"loop_stall_warn", HEARTH_CONF_DURATION, LIVE, AT(loop_stall_warn), "50ms", 1, 60000, NULL,
     "A loop held longer than this is logged with the plugin that held it"},
    {"slow_request", HEARTH_CONF_DURATION, LIVE, AT(slow_request), "1s", 1, 3600000, NULL,
     "Requests that took longer are logged"},
    {"max_header", HEARTH_CONF_SIZE, 0, AT(max_header), "16k", 1024, 1 << 20, NULL,
     "Longest header block of a request; past it 431"},
    {"max_target", HEARTH_CONF_SIZE, 0, AT(max_target), "8k", 256, 1 << 20, NULL,
     "Longest request target; past it 414"},
    {"max_body", HEARTH_CONF_SIZE, LIVE, AT(max_body), "64k", 1024, 64 << 20, NULL,
     "Longest body where a route says nothing else; past it 413"},
    {"max_connections", HEARTH_CONF_INT, LIVE, AT(max_connections), "20000", 1, 1000000, NULL,
     "Connections per loop; past it one idle for 5 s makes room, else 503"},
    {"max_in_flight", HEARTH_CONF_INT, LIVE, AT(max_in_flight), "1024", 1, 1000000, NULL,
     "Requests in flight per loop; past it the slowest body (1 s) makes room, else 503"},
    {"header_timeout", HEARTH_CONF_DURATION, LIVE, AT(header_timeout), "10s", 10, 3600000, NULL,
     "Time for a whole header block; past it 408"},
    {"body_timeout", HEARTH_CONF_DURATION, LIVE, AT(body_timeout), "30s", 10, 3600000, NULL,
     "Time for a whole body; past it 408"},
    {"idle_timeout", HEARTH_CONF_DURATION, LIVE, AT(idle_timeout), "60s", 10, 3600000, NULL,
     "An idle connection is closed after this"},
    {"write_timeout", HEARTH_CONF_DURATION, LIVE, AT(write_timeout), "30s", 10, 3600000, NULL,
     "A client that takes no byte of a reply for this long is cut off"},
    {"request_timeout", HEARTH_CONF_DURATION, LIVE, AT(request_timeout), "15s", 10, 3600000, NULL,
     "Time for an answer where a route says nothing else; past it 504"},
    {"drain_delay", HEARTH_CONF_DURATION, LIVE, AT(drain_delay), "0ms", 0, 600000, NULL,
     "Between not ready and closed listeners, for load balancers to notice"},
    {"drain_timeout", HEARTH_CONF_DURATION, LIVE, AT(drain_timeout), "30s", 10, 3600000, NULL,
     "Time for requests in flight and for plugins to finish before the process ends"},
    {"start_timeout", HEARTH_CONF_DURATION, 0, AT(start_timeout), "60s", 100, 3600000, NULL,
     "How long a successor waits for the holder of data_dir to leave"},
    {"request_memory", HEARTH_CONF_SIZE, 0, AT(request_memory), "4m", 65536, 1 << 30, NULL,
     "Ceiling of the memory of one request"},
    {"task_threads", HEARTH_CONF_INT, 0, AT(task_threads), "0", 0, 128, NULL,
     "Threads for work that would hold a loop; 0 is one per processor and at least 4"},
    {"task_queue", HEARTH_CONF_INT, LIVE, AT(task_queue), "1024", 1, 1000000, NULL,
     "Tasks waiting per loop; past it they are refused"},
    {"client_calls", HEARTH_CONF_INT, LIVE, AT(client_calls), "256", 1, 100000, NULL,
     "Outgoing HTTP calls at a time per loop"},
    {0}};

static const conf_group groups[] = {
    {"listen", &listen_schema, LIVE, 16, AT(listen),
     "Where to listen; only the certificates change without a restart"},
    {0}};

const conf_schema settings_schema = {fields, sizeof(hearth_conf_field), sizeof(host_settings),
                                     groups};

static bool loops_are_valid(hearth_str loops)
{
    uint64_t number;
    return str_eq(loops, HEARTH_STR("auto")) ||
           (str_parse_u64(loops, &number) && number >= 1 && number <= SETTINGS_MAX_LOOPS);
}

static bool base_path_is_valid(hearth_str path)
{
    if (path.len == 0)
        return true;
    if (path.ptr[0] != '/' || path.ptr[path.len - 1] == '/')
        return false;
    for (size_t i = 0; i < path.len; i++) {
        char c = path.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr("-._~/", c);
        if (!plain || (c == '/' && (path.ptr[i + 1] == '/' || path.ptr[i + 1] == '.')))
            return false;
    }
    return true;
}

void settings_check(const host_settings *settings, const conf_doc *doc, conf_errors *errors)
{
    if (!loops_are_valid(settings->loops))
        conf_errors_add(errors, conf_locate(doc, "loops"), "loops",
                        "expected auto or a number from 1 to %d, found %" HEARTH_PRIS,
                        SETTINGS_MAX_LOOPS, HEARTH_ARG(settings->loops));
    if (!base_path_is_valid(settings->base_path))
        conf_errors_add(errors, conf_locate(doc, "base_path"), "base_path",
                        "expected segments as in /game, found %" HEARTH_PRIS,
                        HEARTH_ARG(settings->base_path));
    const host_listen *items = settings->listen.items;
    for (size_t i = 0; i < settings->listen.count; i++) {
        if ((items[i].tls_certificate.len == 0) != (items[i].tls_key.len == 0))
            conf_errors_add(errors, conf_locate(doc, "listen"), "listen",
                            "%" HEARTH_PRIS
                            ": expected tls_certificate and tls_key together, found one of them",
                            HEARTH_ARG(items[i].address));
    }
}

uint32_t settings_loops(const host_settings *settings)
{
    uint64_t number;
    if (str_parse_u64(settings->loops, &number))
        return (uint32_t)number;
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
        return 1;
    int count = CPU_COUNT(&allowed);
    return count < 1 ? 1 : count > SETTINGS_MAX_LOOPS ? SETTINGS_MAX_LOOPS : (uint32_t)count;
}
