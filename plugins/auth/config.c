/*
 * config.c - the keys of plugins.d/auth.yaml, and what they must not say together.
 */
#include <stdio.h>

#include "auth.h"
#include "text.h"

#define FIELD(key_, type_, flags_, member_, def_, min_, max_, choices_, help_)                     \
    {                                                                                              \
        key_, HEARTH_CONF_##type_, flags_, offsetof(struct config, member_), def_, min_, max_,     \
            choices_, help_                                                                        \
    }

const hearth_conf_field config_fields[] = {
    FIELD("registration", ENUM, HEARTH_CONF_RELOADABLE, registration, "closed", 0, 0, "closed|open",
          "whether anyone may make an account, or only a token with scope admin"),
    FIELD("issuer", STR, 0, issuer, "hearth", 1, 256, NULL, "the iss of our tokens"),
    FIELD("audience", STR, 0, audience, "hearth", 1, 256, NULL, "the aud of our tokens"),
    FIELD("access_ttl", DURATION, HEARTH_CONF_RELOADABLE, access_ttl, "15m", 1000, 86400000, NULL,
          "life of an access token"),
    FIELD("refresh_ttl", DURATION, HEARTH_CONF_RELOADABLE, refresh_ttl, "30d", 1000, 31622400000,
          NULL, "life of a session since its last refresh"),
    FIELD("refresh_grace", DURATION, HEARTH_CONF_RELOADABLE, refresh_grace, "10s", 0, 600000, NULL,
          "how long a repeated refresh is refused without revoking the session"),
    FIELD("leeway", DURATION, HEARTH_CONF_RELOADABLE, leeway, "30s", 0, 300000, NULL,
          "how far in the future a token's iat and nbf may be: clocks differ"),
    FIELD("key_rotation", DURATION, HEARTH_CONF_RELOADABLE, key_rotation, "30d", 1000, 31622400000,
          NULL, "how long a key signs"),
    FIELD("key_refresh", DURATION, HEARTH_CONF_RELOADABLE, key_refresh, "10s", 100, 3600000, NULL,
          "how often the keys are read; a new one signs after three times this"),
    FIELD("revocation_interval", DURATION, HEARTH_CONF_RELOADABLE, revocation_interval, "2s", 50,
          60000, NULL, "how often sessions that ended on other instances are read"),
    FIELD("argon2_memory", SIZE, 0, argon2_memory, "64m", 8192, 4294967296, NULL,
          "memory of one password hash"),
    FIELD("argon2_passes", INT, 0, argon2_passes, "2", 1, 100, NULL, "passes of one password hash"),
    FIELD("hash_concurrency", INT, HEARTH_CONF_RELOADABLE, hash_concurrency, "2", 1, 64, NULL,
          "password hashes at a time"),
    FIELD("hash_queue", INT, HEARTH_CONF_RELOADABLE, hash_queue, "128", 1, 100000, NULL,
          "password hashes waiting; past it 503"),
    FIELD("login_limit", INT, HEARTH_CONF_RELOADABLE, login_limit, "10", 0, 10000, NULL,
          "failed logins per account and address within login_window; 0: any number"),
    FIELD("login_address_limit", INT, HEARTH_CONF_RELOADABLE, login_address_limit, "100", 0, 100000,
          NULL, "failed logins per address within login_window; 0: any number"),
    FIELD("login_window", DURATION, HEARTH_CONF_RELOADABLE, login_window, "15m", 1000, 86400000,
          NULL, "how long a failed login counts"),
    FIELD("token_cache", INT, 0, token_cache, "10000", 0, 1000000, NULL,
          "verified tokens that each loop remembers"),
    FIELD("jwks_url", STR, 0, jwks_url, "", 0, 2048, NULL,
          "where an external identity provider publishes its keys; empty: there is none"),
    FIELD("jwks_issuer", STR, 0, jwks_issuer, "", 0, 256, NULL, "the iss of the provider's tokens"),
    FIELD("jwks_audience", STR, 0, jwks_audience, "", 0, 256, NULL,
          "the aud of the provider's tokens"),
    FIELD("jwks_ca_file", STR, 0, jwks_ca_file, "", 0, 4096, NULL,
          "PEM of who signed the provider's certificate; empty: the system's"),
    FIELD("jwks_algorithm", ENUM, 0, jwks_algorithm, "any", 0, 0, "any|RS256|ES256",
          "what the provider may sign with"),
    FIELD("jwks_scopes", LIST, 0, jwks_scopes, "player", 1, 16, NULL,
          "scopes that the provider's tokens may carry; one without any is player"),
    FIELD("jwks_refresh", DURATION, 0, jwks_refresh, "1h", 1000, 86400000, NULL,
          "how often the provider's keys are fetched"),
    FIELD("jwks_retry", DURATION, 0, jwks_retry, "30s", 100, 3600000, NULL,
          "least time between two fetches for an unknown key"),
    {0},
};

hearth_status config_check(const void *conf, char *err, size_t err_size)
{
    const struct config *config = conf;

    if (config->jwks_url.len > 0 && (!config->jwks_issuer.len || !config->jwks_audience.len)) {
        snprintf(err, err_size, "jwks_url: jwks_issuer and jwks_audience are needed with it");
        return HEARTH_EINVAL;
    }
    if (config->jwks_url.len > 0 && text_equal(config->jwks_issuer, config->issuer)) {
        snprintf(err, err_size, "jwks_issuer: expected another issuer than our own");
        return HEARTH_EINVAL;
    }
    return HEARTH_OK;
}
