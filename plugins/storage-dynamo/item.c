/*
 * item.c - writing and reading items; item.h shows what they look like.
 */
#include "item.h"

#include <stdlib.h>
#include <string.h>

#include "value.h"

/* ---- writing ---- */

void item_pk(struct text *text, hearth_str collection, hearth_str partition)
{
    size_t plain = 0;

    text_literal(text, "{\"S\":\"");
    for (size_t i = 0; i < collection.len; i++) {
        char c = collection.ptr[i];
        if (c != '~' && c != '#')
            continue;
        text_escaped(text, (hearth_str){collection.ptr + plain, i - plain});
        text_literal(text, c == '~' ? "~0" : "~1");
        plain = i + 1;
    }
    text_escaped(text, (hearth_str){collection.ptr + plain, collection.len - plain});
    text_literal(text, "#");
    text_escaped(text, partition);
    text_literal(text, "\"}");
}

void item_sk(struct text *text, hearth_str sort)
{
    text_literal(text, "{\"S\":\"#");
    text_escaped(text, sort);
    text_literal(text, "\"}");
}

void item_key(struct text *text, const hearth_key *key)
{
    text_literal(text, "\"pk\":");
    item_pk(text, key->collection, key->partition);
    text_literal(text, ",\"sk\":");
    item_sk(text, key->sort);
}

static void add_number(struct text *text, const char *name, uint64_t value)
{
    text_literal(text, name);
    text_literal(text, "{\"N\":\"");
    text_number(text, value);
    text_literal(text, "\"}");
}

void item_write(struct text *text, const hearth_doc *doc)
{
    text_literal(text, "{");
    item_key(text, &doc->key);
    add_number(text, ",\"version\":", doc->version);
    add_number(text, ",\"epoch\":", doc->epoch);
    if (doc->write_id.len > 0) {
        text_literal(text, ",\"write_id\":{\"S\":");
        text_string(text, doc->write_id);
        text_literal(text, "}");
    }
    if (doc->expires_ms > 0) {
        add_number(text, ",\"expires_ms\":", (uint64_t)doc->expires_ms);
        add_number(text, ",\"ttl\":", (uint64_t)doc->expires_ms / 1000 + 1);
    }
    text_literal(text, ",\"body\":");
    value_write(text, doc->body);
    text_literal(text, "}");
}

void item_condition(struct text *text, const hearth_storage_op *op, int64_t now_ms)
{
    bool version = op->condition & HEARTH_IF_VERSION, epoch = op->condition & HEARTH_IF_EPOCH;

    if (op->condition == HEARTH_IF_ANY)
        return;
    text_literal(text, ",\"ReturnValuesOnConditionCheckFailure\":\"ALL_OLD\","
                       "\"ConditionExpression\":\"");
    if (op->condition == HEARTH_IF_ABSENT)
        text_literal(text, "attribute_not_exists(pk) OR #x <= :now");
    else
        text_literal(text, "(attribute_not_exists(#x) OR #x > :now)");
    if (version)
        text_literal(text, " AND #v = :v");
    if (epoch)
        text_literal(text, " AND #e = :e");
    text_literal(text, "\",\"ExpressionAttributeNames\":{\"#x\":\"expires_ms\"");
    text_literal(text, version ? ",\"#v\":\"version\"" : "");
    text_literal(text, epoch ? ",\"#e\":\"epoch\"" : "");
    add_number(text, "},\"ExpressionAttributeValues\":{\":now\":", (uint64_t)now_ms);
    if (version)
        add_number(text, ",\":v\":", op->base_version);
    if (epoch)
        add_number(text, ",\":e\":", op->base_epoch);
    text_literal(text, "}");
}

/* ---- reading ---- */

static hearth_str read_string(const hearth_json *json, const hearth_json_value *item,
                              const char *name)
{
    return json->as_string(json->get(json->get(item, name), "S"));
}

/* An integer of at most 64 bits; 0 where the attribute is missing. */
static bool read_number(const hearth_json *json, const hearth_json_value *item, const char *name,
                        uint64_t *value)
{
    const hearth_json_value *attribute = json->get(item, name);
    hearth_str digits = json->as_string(json->get(attribute, "N"));

    *value = 0;
    if (!attribute)
        return true;
    for (size_t i = 0; i < digits.len; i++) {
        unsigned digit = (unsigned)(unsigned char)digits.ptr[i] - '0';
        if (digit > 9 || *value > (UINT64_MAX - digit) / 10)
            return false;
        *value = *value * 10 + digit;
    }
    return digits.len > 0;
}

/* collection # partition, back into its parts; `space` takes the collection. */
static bool split_pk(hearth_str pk, char space[HEARTH_STORAGE_MAX_KEY], hearth_key *key)
{
    size_t len = 0, i = 0;

    for (; i < pk.len && pk.ptr[i] != '#' && len < HEARTH_STORAGE_MAX_KEY; i++) {
        char c = pk.ptr[i];
        if (c == '~' && ++i < pk.len)
            c = pk.ptr[i] == '0' ? '~' : '#';
        space[len++] = c;
    }
    if (i >= pk.len || pk.ptr[i] != '#')
        return false;
    key->collection = (hearth_str){space, len};
    key->partition = (hearth_str){pk.ptr + i + 1, pk.len - i - 1};
    return true;
}

bool item_sort(const hearth_json *json, const hearth_json_value *item, hearth_str *sort)
{
    hearth_str sk = read_string(json, item, "sk");

    if (sk.len == 0 || sk.ptr[0] != '#')
        return false;
    *sort = (hearth_str){sk.ptr + 1, sk.len - 1};
    return !storage_part_problem(*sort, true);
}

static bool read_key(const hearth_json *json, const hearth_json_value *item,
                     char space[HEARTH_STORAGE_MAX_KEY], hearth_key *key)
{
    return split_pk(read_string(json, item, "pk"), space, key) &&
           item_sort(json, item, &key->sort) && !storage_key_problem(key);
}

storage_row *item_read(const hearth_json *json, const hearth_json_value *item,
                       const hearth_key *key)
{
    hearth_doc doc = {.struct_size = sizeof(doc)};
    char space[HEARTH_STORAGE_MAX_KEY];
    struct text body = {.max = 64 * HEARTH_STORAGE_MAX_BODY};
    storage_row *row = NULL;
    uint64_t expires;

    if (key)
        doc.key = *key;
    if ((key || read_key(json, item, space, &doc.key)) &&
        read_number(json, item, "version", &doc.version) &&
        read_number(json, item, "epoch", &doc.epoch) &&
        read_number(json, item, "expires_ms", &expires) && expires <= INT64_MAX &&
        value_read(json, json->get(item, "body"), &body)) {
        doc.write_id = read_string(json, item, "write_id");
        doc.expires_ms = (int64_t)expires;
        doc.body = text_str(&body);
        row = storage_row_create(&doc);
    }
    text_finish(&body);
    return row;
}
