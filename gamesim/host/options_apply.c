/*
 * options_apply.c - see options_apply.h. Every mistake is one sentence that names the option.
 */
#include "host/options_apply.h"
#include "netcode/server.h"
#include "text/hex.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool read_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    *out = strtoull(text, &end, 10);
    return *end == '\0' && *out >= min && *out <= max;
}

static const char *copy_text(char *out, size_t size, const char *value, const char *too_long)
{
    if (strlen(value) >= size)
        return too_long;
    strcpy(out, value);
    return NULL;
}

static const char *apply_metadata(struct options *out, const char *value)
{
    static const char expected[] = "--metadata: expected a URL such as https://play.example.com";
    size_t len = strlen(value);
    while (len > 0 && value[len - 1] == '/')
        len--;
    if ((strncmp(value, "http://", 7) != 0 && strncmp(value, "https://", 8) != 0) ||
        len >= sizeof(out->metadata) || strpbrk(value, " ?#@\t\r\n"))
        return expected;
    memcpy(out->metadata, value, len);
    out->metadata[len] = '\0';
    return NULL;
}

/* Several are separated by commas; players try them in this order. */
static const char *apply_public(struct options *out, const char *value)
{
    static const char expected[] =
        "--public: expected an address and port that players can connect to, such as "
        "203.0.113.7:40000, or several with commas between them, or ec2";
    char list[OPTIONS_PUBLIC_MAX * (NETCODE_ADDRESS_TEXT + 1)], *rest = list;
    out->public_count = 0;
    out->ec2_at = -1;
    if (strlen(value) >= sizeof(list))
        return expected;
    strcpy(list, value);
    for (char *item; (item = strsep(&rest, ",")) != NULL;) {
        netcode_address *address = &out->public_addresses[out->public_count];
        item += strspn(item, " ");
        item[strcspn(item, " ")] = '\0';
        if (out->public_count == OPTIONS_PUBLIC_MAX)
            return "--public: more than four addresses";
        if (strcmp(item, "ec2") == 0 && out->ec2_at < 0)
            out->ec2_at = (int)out->public_count;
        else if (netcode_address_parse(address, item) != HEARTH_OK || address->port == 0 ||
                 netcode_address_is_any(address))
            return expected;
        out->public_count++;
    }
    return NULL;
}

static const char *apply_ca(struct options *out, const char *value)
{
    if (access(value, R_OK) != 0)
        return "--ca: this file cannot be read";
    return copy_text(out->ca, sizeof(out->ca), value, "--ca: the path is too long");
}

static const char *apply_number(struct options *out, int option, const char *value)
{
    uint64_t number;
    if (option == OPTION_SLOTS) {
        if (!read_number(value, 1, NETCODE_SLOTS_MAX, &number))
            return "--slots: expected a number from 1 to 4096";
        out->slots = (uint32_t)number;
        return NULL;
    }
    if (!read_number(value, 1, 86400 * 365, &number))
        return "--token-lifetime: expected a number of seconds from 1 to 31536000";
    out->token_lifetime_seconds = number;
    return NULL;
}

const char *options_apply(struct options *out, int option, const char *value)
{
    switch (option) {
    case OPTION_LISTEN:
        return netcode_address_parse(&out->listen, value) == HEARTH_OK
                   ? NULL
                   : "--listen: expected an address and port, such as 127.0.0.1:40000 or "
                     "[::1]:40000";
    case OPTION_PUBLIC:
        return apply_public(out, value);
    case OPTION_KEY:
        return hex_read(out->key, sizeof(out->key), value)
                   ? NULL
                   : "--key: expected 64 hexadecimal digits";
    case OPTION_PROTOCOL:
        return hex_read_u64(&out->protocol_id, value)
                   ? NULL
                   : "--protocol-id: expected 16 hexadecimal digits";
    case OPTION_SLOTS:
    case OPTION_LIFETIME:
        return apply_number(out, option, value);
    case OPTION_METRICS:
        return *value == '\0'
                   ? "--metrics: expected an address and port, such as 127.0.0.1:9100"
                   : copy_text(out->metrics, sizeof(out->metrics), value,
                               "--metrics: expected an address and port, such as 127.0.0.1:9100");
    case OPTION_METADATA:
        return apply_metadata(out, value);
    case OPTION_CA:
        return apply_ca(out, value);
    case OPTION_REGION:
        return copy_text(out->region, sizeof(out->region), value, "--region: the name is too long");
    case OPTION_DATA_DIR:
        return copy_text(out->data_dir, sizeof(out->data_dir), value,
                         "--data-dir: the path is too long");
    default:
        return copy_text(out->gamedata, sizeof(out->gamedata), value,
                         "--gamedata: the path is too long");
    }
}
