/*
 * value.h - JSON bodies as DynamoDB's attribute values and back, so that an item can be read in the
 * AWS console: {"hp":7} is {"M":{"hp":{"N":"7"}}}.
 *
 * What DynamoDB's types cannot hold exactly (a number of more than 38 digits, 1.0 as something else
 * than 1, an empty key), and what would not fit an item in that form or nests too deep to be read
 * back, is kept whole as the JSON text: {"S":"..."}. Both are read back alike.
 */
#ifndef STORAGE_DYNAMO_VALUE_H
#define STORAGE_DYNAMO_VALUE_H

#include <hearth/json.h>

#include "text.h"

#define VALUE_MAX_DEPTH 12     /* an answer around it may be 32 deep, and every level takes two */
#define VALUE_MAX_SIZE  400000 /* bytes as DynamoDB counts; an item has 409,600, with its keys */

/* Appends the attribute value of a body, which must be a valid JSON object. */
void value_write(struct text *text, hearth_str body);

/* Appends the JSON of an attribute value as hearth.json/1 has read it. false: not one of ours. */
bool value_read(const hearth_json *json, const hearth_json_value *value, struct text *text);

#endif
