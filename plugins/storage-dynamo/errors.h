/*
 * errors.h - what an answer of DynamoDB means: every error it documents, in a few classes.
 */
#ifndef STORAGE_DYNAMO_ERRORS_H
#define STORAGE_DYNAMO_ERRORS_H

#include <hearth/json.h>

enum outcome {
    OUTCOME_OK,
    OUTCOME_CONDITION,   /* a condition does not hold; nothing changed */
    OUTCOME_DUPLICATE,   /* an INSERT found an item; nothing changed */
    OUTCOME_THROTTLED,   /* nothing changed; again, later */
    OUTCOME_CONTENTION,  /* another transaction was in the way; nothing changed; again */
    OUTCOME_CREDENTIALS, /* expired or not valid; nothing changed; again with new ones */
    OUTCOME_FORBIDDEN,   /* the operator has to do something; nothing changed */
    OUTCOME_NO_TABLE,    /* likewise; or the table is being made */
    OUTCOME_NOT_SENT,    /* nothing changed: DynamoDB was not reached */
    OUTCOME_UNKNOWN,     /* it may or may not have happened: 5xx, a broken connection, a timeout */
    OUTCOME_FINAL,       /* it cannot succeed as it is */
    OUTCOME_COUNT
};

/* As labels of metrics show it. */
extern const char *const outcome_names[OUTCOME_COUNT];

/* By the name of an error, with or without its namespace and "Exception". An unknown one is
 * UNKNOWN, so that nothing is given up for an error that did not exist when this was written. */
enum outcome errors_by_name(hearth_str name);

/* Of an answer: its HTTP status and JSON (NULL: it has none). *name and *message, where there are
 * any, point into the JSON. */
enum outcome errors_judge(const hearth_json *json, long http_status, const hearth_json_value *root,
                          hearth_str *name, hearth_str *message);

#endif
