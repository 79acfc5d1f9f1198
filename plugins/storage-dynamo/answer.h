/*
 * answer.h - what an answer says beside its JSON: capacity consumed, and the sentence for people.
 */
#ifndef STORAGE_DYNAMO_ANSWER_H
#define STORAGE_DYNAMO_ANSWER_H

#include "errors.h"
#include "transport.h"

/* The capacity units that an answer says were consumed, added up. */
double answer_capacity(hearth_str text);

/* The outcome of an exchange that brought no answer, and a sentence. */
enum outcome answer_failure(const char *operation, const struct exchange *exchange, CURLcode code,
                            char *error, size_t size);

/* A sentence for an answer with this outcome, empty for OK. */
void answer_describe(const char *operation, const struct exchange *exchange, enum outcome outcome,
                     hearth_str name, hearth_str message, char *error, size_t size);

#endif
