/*
 * vectors.h - the netcode test vectors (tests/data/netcode-vectors.json) as C values.
 * Hex is decoded here so that the tests compare bytes; a malformed file fails the test that reads
 * it.
 */
#ifndef VECTORS_H
#define VECTORS_H

#include "../unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdint.h>
#include <string.h>

#define VECTOR_BYTES_MAX 2048

static inline json_t *vectors_load(void)
{
    json_error_t error;
    json_t *root = json_load_file(NETCODE_VECTORS, 0, &error);
    if (!root)
        fail_msg("%s:%d: %s", NETCODE_VECTORS, error.line, error.text);
    return root;
}

static inline const char *vector_text(const json_t *vector, const char *key)
{
    const char *text = json_string_value(json_object_get(vector, key));
    if (!text)
        fail_msg("%s: no text in this vector", key);
    return text;
}

static inline size_t vector_bytes(const json_t *vector, const char *key,
                                  uint8_t out[VECTOR_BYTES_MAX])
{
    const char *text = vector_text(vector, key);
    size_t n = strlen(text) / 2;
    assert_true(n <= VECTOR_BYTES_MAX);
    for (size_t i = 0; i < n; i++) {
        unsigned byte;
        assert_int_equal(sscanf(text + 2 * i, "%2x", &byte), 1);
        out[i] = (uint8_t)byte;
    }
    return n;
}

static inline uint64_t vector_u64(const json_t *vector, const char *key)
{
    const json_t *value = json_object_get(vector, key);
    if (json_is_integer(value))
        return (uint64_t)json_integer_value(value);
    return strtoull(vector_text(vector, key), NULL, 16);
}

static inline int vector_is(const json_t *vector, const char *kind)
{
    return strcmp(vector_text(vector, "kind"), kind) == 0;
}

/* A verdict is "accept" or "ignore". */
static inline int vector_accepts(const json_t *vector, const char *reader)
{
    const char *verdict = vector_text(vector, reader);
    assert_true(strcmp(verdict, "accept") == 0 || strcmp(verdict, "ignore") == 0);
    return strcmp(verdict, "accept") == 0;
}

#endif
