/*
 * conditions.c - If-Match and If-None-Match (RFC 9110, section 13.1), and Idempotency-Key.
 */
#include "plugin.h"

#include <sodium.h>
#include <string.h>

#define KEY_MAX 64

/* One entity-tag or a comma at *at; {NULL, 0} at the end or where it is malformed. */
static hearth_str next_tag(hearth_str header, size_t *at)
{
    size_t i = *at;
    while (i < header.len &&
           (header.ptr[i] == ' ' || header.ptr[i] == '\t' || header.ptr[i] == ','))
        i++;
    if (i + 1 < header.len && header.ptr[i] == 'W' && header.ptr[i + 1] == '/')
        i += 2; /* If-None-Match compares weakly: the mark does not count */
    if (i >= header.len || header.ptr[i] != '"')
        return (hearth_str){NULL, 0};
    size_t start = i++;
    while (i < header.len && header.ptr[i] != '"')
        i++;
    if (i == header.len)
        return (hearth_str){NULL, 0};
    *at = i + 1;
    return (hearth_str){header.ptr + start, i + 1 - start};
}

int condition_none_match(hearth_str header, hearth_str etag)
{
    size_t at = 0;
    if (header.len == 1 && header.ptr[0] == '*')
        return 1;
    for (;;) {
        hearth_str tag = next_tag(header, &at);
        if (!tag.ptr)
            return 0;
        if (tag.len == etag.len && memcmp(tag.ptr, etag.ptr, tag.len) == 0)
            return 1;
    }
}

int64_t condition_if_match(hearth_str header)
{
    int64_t number = 0;
    if (!header.ptr)
        return 0;
    if (header.len < 3 || header.len > 18 || header.ptr[0] != '"' ||
        header.ptr[header.len - 1] != '"' || header.ptr[1] == '0')
        return -1;
    for (size_t i = 1; i + 1 < header.len; i++) {
        if (header.ptr[i] < '0' || header.ptr[i] > '9')
            return -1;
        number = number * 10 + (header.ptr[i] - '0');
    }
    return number < (INT64_C(1) << 53) ? number : -1;
}

static void digest(uint8_t out[16], hearth_str a, hearth_str b, hearth_str c)
{
    static const unsigned char nul = 0;
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, 16);
    crypto_generichash_update(&state, (const unsigned char *)a.ptr, a.len);
    crypto_generichash_update(&state, &nul, 1);
    crypto_generichash_update(&state, (const unsigned char *)b.ptr, b.len);
    crypto_generichash_update(&state, &nul, 1);
    crypto_generichash_update(&state, (const unsigned char *)c.ptr, c.len);
    crypto_generichash_final(&state, out, 16);
}

int condition_receipt(struct job *job, hearth_req *req)
{
    const hearth_http *http = job->loop->api.http;
    hearth_str key = http->header(req, "Idempotency-Key"), path = http->path(req);
    char scope[256];
    if (!key.ptr)
        return 1;
    if (key.len < 1 || key.len > KEY_MAX || path.len >= sizeof(scope) - 16) {
        (void)http->error(req, 400, "INVALID_REQUEST",
                          "Idempotency-Key: expected 1 to %d characters.", KEY_MAX);
        return 0;
    }
    /* Ids may be written in either case and name one character; nothing else of these paths has
     * capitals. */
    for (size_t i = 0; i < path.len; i++)
        scope[i] =
            path.ptr[i] >= 'A' && path.ptr[i] <= 'Z' ? (char)(path.ptr[i] + 32) : path.ptr[i];
    hearth_str lowered = {scope, path.len};
    uint8_t where[16];
    digest(where, job->user, http->method(req), lowered);
    digest(job->receipt.key, (hearth_str){(const char *)where, sizeof(where)}, key, HEARTH_STR(""));
    digest(job->receipt.body, http->body(req), HEARTH_STR(""), HEARTH_STR(""));
    job->has_receipt = 1;
    return 1;
}
