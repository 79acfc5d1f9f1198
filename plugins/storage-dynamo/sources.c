/*
 * sources.c - the chain of the AWS tools: environment, shared file, container, instance.
 */
#include "sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONTAINER_HOST "http://169.254.170.2"
#define INSTANCE_HOST  "http://169.254.169.254"

static hearth_str variable(const char *name)
{
    const char *value = getenv(name);
    return value ? (hearth_str){value, strlen(value)} : (hearth_str){NULL, 0};
}

static bool from_environment(struct sources *sources)
{
    return secret_set(&sources->environment, variable("AWS_ACCESS_KEY_ID"),
                      variable("AWS_SECRET_ACCESS_KEY"), variable("AWS_SESSION_TOKEN"));
}

static bool find_file(struct sources *sources, hearth_str profile)
{
    hearth_str file = variable("AWS_SHARED_CREDENTIALS_FILE"), home = variable("HOME");

    if (profile.len == 0)
        profile = variable("AWS_PROFILE");
    if (profile.len == 0)
        profile = HEARTH_STR("default");
    int profile_len =
        snprintf(sources->profile, sizeof(sources->profile), "%" HEARTH_PRIS, HEARTH_ARG(profile));
    int len = file.len > 0 ? snprintf(sources->file, sizeof(sources->file), "%s", file.ptr)
                           : snprintf(sources->file, sizeof(sources->file),
                                      "%" HEARTH_PRIS "/.aws/credentials", HEARTH_ARG(home));
    return profile_len < (int)sizeof(sources->profile) && len < (int)sizeof(sources->file);
}

/* Without TLS the secret may only cross the machine itself, or the link to its host. */
static bool may_be_asked(const char *url)
{
    static const char *const hosts[] = {"http://127.0.0.1",      "http://localhost",
                                        "http://[::1]",          "http://169.254.170.2",
                                        "http://169.254.170.23", "http://[fd00:ec2::23]"};

    if (strncmp(url, "https://", 8) == 0)
        return true;
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        size_t len = strlen(hosts[i]);
        if (strncmp(url, hosts[i], len) == 0 &&
            (url[len] == '\0' || url[len] == ':' || url[len] == '/'))
            return true;
    }
    return false;
}

static bool from_container(struct sources *sources)
{
    hearth_str relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    hearth_str full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    hearth_str token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    hearth_str file = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    int len = 0;

    if (relative.len > 0 && relative.ptr[0] == '/')
        len = snprintf(sources->url, sizeof(sources->url), CONTAINER_HOST "%s", relative.ptr);
    else if (full.len > 0 && may_be_asked(full.ptr))
        len = snprintf(sources->url, sizeof(sources->url), "%s", full.ptr);
    if (len <= 0 || len >= (int)sizeof(sources->url) ||
        token.len >= sizeof(sources->authorization) ||
        file.len >= sizeof(sources->authorization_file))
        return false;
    if (token.len > 0)
        memcpy(sources->authorization, token.ptr, token.len + 1);
    if (file.len > 0)
        memcpy(sources->authorization_file, file.ptr, file.len + 1);
    return true;
}

static bool from_instance(struct sources *sources)
{
    hearth_str disabled = variable("AWS_EC2_METADATA_DISABLED");
    hearth_str host = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");

    if (disabled.len == 4 && memcmp(disabled.ptr, "true", 4) == 0)
        return false;
    int len =
        snprintf(sources->url, sizeof(sources->url), "%s", host.len > 0 ? host.ptr : INSTANCE_HOST);
    while (len > 0 && len < (int)sizeof(sources->url) && sources->url[len - 1] == '/')
        sources->url[--len] = '\0';
    return len < (int)sizeof(sources->url);
}

/* The first that is there; the instance is what remains. */
static bool choose(struct sources *sources, const struct config *conf)
{
    switch ((enum credential_source)conf->credentials) {
    case CREDENTIALS_ENVIRONMENT:
        return from_environment(sources);
    case CREDENTIALS_FILE:
        return find_file(sources, conf->profile);
    case CREDENTIALS_CONTAINER:
        return from_container(sources);
    case CREDENTIALS_INSTANCE:
        return from_instance(sources);
    case CREDENTIALS_AUTO:
        break;
    }
    sources->kind = CREDENTIALS_ENVIRONMENT;
    if (conf->profile.len == 0 && from_environment(sources))
        return true;
    sources->kind = CREDENTIALS_FILE;
    if (find_file(sources, conf->profile) &&
        (conf->profile.len > 0 || access(sources->file, R_OK) == 0))
        return true;
    sources->kind = CREDENTIALS_CONTAINER;
    if (from_container(sources))
        return true;
    sources->kind = CREDENTIALS_INSTANCE;
    return from_instance(sources);
}

struct sources *sources_create(hearth_ctx *ctx, char *err, size_t err_size)
{
    const struct config *conf = ctx->conf;
    struct sources *sources = calloc(1, sizeof(*sources));

    if (!sources) {
        snprintf(err, err_size, "out of memory");
        return NULL;
    }
    sources->kind = (enum credential_source)conf->credentials;
    if (choose(sources, conf))
        return sources;
    static const char *const wanted[] = {
        [CREDENTIALS_AUTO] = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a credentials file",
        [CREDENTIALS_ENVIRONMENT] = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        [CREDENTIALS_FILE] = "a path and profile of less than 1024 and 256 bytes",
        [CREDENTIALS_CONTAINER] = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, or a _FULL_URI that is "
                                   "https or of this machine"),
        [CREDENTIALS_INSTANCE] = "AWS_EC2_METADATA_DISABLED other than true",
    };
    snprintf(err, err_size, "credentials: expected %s in the environment",
             wanted[conf->credentials]);
    sources_destroy(sources);
    return NULL;
}

void sources_destroy(struct sources *sources)
{
    if (!sources)
        return;
    explicit_bzero(sources, sizeof(*sources));
    free(sources);
}
