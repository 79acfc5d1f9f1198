/*
 * item.h - documents as items of the table, and conditions as DynamoDB judges them.
 *
 *   pk          S  collection # partition; in the collection, ~ is written ~0 and # is written ~1
 *   sk          S  # sort: a key of DynamoDB cannot be empty
 *   version     N
 *   epoch       N
 *   write_id    S  when there is one
 *   expires_ms  N  when it expires: the very millisecond, judged by us
 *   ttl         N  likewise: the second after which DynamoDB may remove it
 *   body        M, or S where a map cannot hold it (value.h)
 */
#ifndef STORAGE_DYNAMO_ITEM_H
#define STORAGE_DYNAMO_ITEM_H

#include <hearth/json.h>
#include <hearth/service/storage.h>

#include <storage_op.h>

#include "text.h"

#define ITEM_KEY_SIZE (2 * HEARTH_STORAGE_MAX_KEY + 1 + HEARTH_STORAGE_MAX_KEY + 1)

/* Each appends an attribute value, {"S":"..."}. */
void item_pk(struct text *text, hearth_str collection, hearth_str partition);
void item_sk(struct text *text, hearth_str sort);
/* "pk":{...},"sk":{...} */
void item_key(struct text *text, const hearth_key *key);
/* The whole item of a document, as an object. */
void item_write(struct text *text, const hearth_doc *doc);

/* ,"ConditionExpression":...,"ReturnValuesOnConditionCheckFailure":"ALL_OLD" and what belongs to
 * it; nothing for a condition that always holds. */
void item_condition(struct text *text, const hearth_storage_op *op, int64_t now_ms);

/* The document of an item, its body in one row with it. `key` names it; NULL: the item's own key is
 * taken. NULL: it is none of ours, or memory is out. */
storage_row *item_read(const hearth_json *json, const hearth_json_value *item,
                       const hearth_key *key);

/* The sort of a {"pk":..., "sk":...}; false: not one of ours. It points into the JSON. */
bool item_sort(const hearth_json *json, const hearth_json_value *item, hearth_str *sort);

#endif
