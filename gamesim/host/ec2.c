/*
 * ec2.c - see ec2.h. Two requests before the loop runs: a session token, then the address.
 */
#include "host/ec2.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 3000L
#define TEXT_MAX   256

struct text {
    char bytes[TEXT_MAX];
    size_t len;
};

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct text *text = arg;
    size_t len = size * count;
    if (len >= sizeof(text->bytes) - text->len)
        return 0;
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
    text->bytes[text->len] = '\0';
    return len;
}

static bool ask(CURL *easy, const char *method, const char *path, const char *header,
                struct text *out, char error[512])
{
    const char *base = getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    char url[1024], why[CURL_ERROR_SIZE] = "";
    long status = 0;
    struct curl_slist *fields = curl_slist_append(NULL, header);
    snprintf(url, sizeof(url), "%s%s", base && *base ? base : "http://169.254.169.254", path);
    *out = (struct text){.len = 0};
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, fields);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, out);
    CURLcode code = fields ? curl_easy_perform(easy) : CURLE_OUT_OF_MEMORY;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(fields);
    if (code == CURLE_OK && status == 200 && out->len > 0)
        return true;
    if (code == CURLE_OK)
        snprintf(error, 512, "--public ec2: the metadata service answered %ld to %s", status, path);
    else
        snprintf(error, 512, "--public ec2: the metadata service does not answer: %.200s",
                 why[0] ? why : curl_easy_strerror(code));
    return false;
}

hearth_status ec2_public_address(netcode_address *out, uint16_t port, char error[512])
{
    struct text token, address;
    char header[TEXT_MAX + 64], text[TEXT_MAX + 16];
    hearth_status status = HEARTH_EUNAVAILABLE;
    CURL *easy = curl_easy_init();
    snprintf(error, 512, "out of memory");
    if (!easy)
        return HEARTH_ENOMEM;
    if (!ask(easy, "PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds: 60", &token,
             error))
        goto finish;
    snprintf(header, sizeof(header), "X-aws-ec2-metadata-token: %s", token.bytes);
    if (!ask(easy, "GET", "/latest/meta-data/public-ipv4", header, &address, error))
        goto finish;
    snprintf(text, sizeof(text), "%s:%u", address.bytes, port);
    status = netcode_address_parse(out, text);
    if (status != HEARTH_OK)
        snprintf(error, 512, "--public ec2: the metadata service gave no IPv4 address");
finish:
    curl_easy_cleanup(easy);
    return status;
}
