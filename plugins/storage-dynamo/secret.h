/*
 * secret.h - credentials as their sources write them: the shared file of the AWS tools, and the
 * JSON of metadata endpoints.
 */
#ifndef STORAGE_DYNAMO_SECRET_H
#define STORAGE_DYNAMO_SECRET_H

#include <hearth/json.h>

#include <stdbool.h>

#define SECRET_TOKEN_MAX 8192

struct secret_text {
    char id[256], key[256], token[SECRET_TOKEN_MAX];
    int64_t expires_ms; /* unix milliseconds; 0: never */
};

/* false: one of them is missing, too long, or has bytes that cannot stand in a header. */
bool secret_set(struct secret_text *secret, hearth_str id, hearth_str key, hearth_str token);

/* Finds [profile] in the text of a credentials file. false: it is not there, or not whole. */
bool secret_from_file(struct secret_text *secret, hearth_str text, hearth_str profile);

/* The answer of a metadata endpoint. false: not whole. */
bool secret_from_json(struct secret_text *secret, const hearth_json *json,
                      const hearth_json_value *root);

/* "2026-11-21T10:00:00Z", with or without a fraction; -1: not a moment. */
int64_t secret_moment_ms(hearth_str text);

#endif
