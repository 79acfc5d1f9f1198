/*
 * messages.c - see messages.h.
 */
#include "report/messages.h"
#include "text/hex.h"
#include "text/uuid.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static char *finish(json_t *root)
{
    char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    return text;
}

char *message_register(const struct registration *r)
{
    json_t *root =
        json_pack("{s:s, s:i, s:s, s:i, s:{s:i, s:i}}", "address", r->address, "port", (int)r->port,
                  "version", r->version, "wireVersion", (int)r->wire_version, "capacity",
                  "gameSims", (int)r->game_sims, "players", (int)r->players);
    if (root && r->region[0])
        json_object_set_new(root, "region", json_string(r->region));
    if (root && r->more_count > 0) {
        json_t *more = json_array();
        for (unsigned i = 0; i < r->more_count; i++)
            json_array_append_new(more, json_string(r->more[i]));
        json_object_set_new(root, "addresses", more);
    }
    return finish(root);
}

static json_t *id_text(const uint8_t id[16])
{
    char text[UUID_TEXT];
    return json_string(uuid_format(id, text));
}

char *message_heartbeat(uint64_t sequence, bool draining, const struct heartbeat_session *sessions,
                        size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *players = json_array();
        for (unsigned k = 0; k < sessions[i].player_count; k++)
            json_array_append_new(players, id_text(sessions[i].players[k]));
        json_array_append_new(
            list, json_pack("{s:o, s:o}", "id", id_text(sessions[i].id), "players", players));
    }
    return finish(json_pack("{s:I, s:s, s:o}", "sequence", (json_int_t)sequence, "state",
                            draining ? "draining" : "ready", "gameSims", list));
}

static json_t *event_json(const struct report_event *event)
{
    static const char *const names[] = {
        [REPORT_DAMAGE] = "damage", [REPORT_HEAL] = "heal",     [REPORT_EXPERIENCE] = "experience",
        [REPORT_LOOT] = "loot",     [REPORT_GOLD] = "currency", [REPORT_DEATH] = "event"};
    json_int_t amount = event->amount;
    json_t *out = json_pack("{s:s, s:o}", "type", names[event->type], "characterId",
                            id_text(event->character));
    if (!out)
        return NULL;
    if (event->type == REPORT_LOOT) {
        json_object_set_new(out, "itemId", json_integer(event->item));
        json_object_set_new(out, "quantity", json_integer(amount));
    } else if (event->type == REPORT_GOLD) {
        json_object_set_new(out, "gold", json_integer(amount));
    } else if (event->type == REPORT_DEATH) {
        json_object_set_new(out, "name", json_string("death"));
    } else {
        json_object_set_new(out, "amount", json_integer(amount));
    }
    return out;
}

char *message_batch(const struct stream *stream)
{
    static const char *const outcomes[] = {[STREAM_RUNNING] = "",
                                           [STREAM_VICTORY] = "victory",
                                           [STREAM_DEFEAT] = "defeat",
                                           [STREAM_ABANDONED] = "abandoned"};
    json_t *events = json_array();
    for (unsigned i = 0; i < stream->batch_count; i++)
        json_array_append_new(events, event_json(&stream->batch[i]));
    json_t *root =
        json_pack("{s:I, s:o}", "sequence", (json_int_t)stream->sequence, "events", events);
    if (root && stream->batch_ends) {
        json_object_set_new(root, "outcome", json_string(outcomes[stream->outcome]));
        json_object_set_new(root, "results",
                            json_pack("{s:I}", "ticks", (json_int_t)stream->ticks));
    }
    return finish(root);
}

static bool copy_text(char *out, size_t size, const json_t *value)
{
    const char *text = json_string_value(value);
    if (!text || !*text || strlen(text) >= size)
        return false;
    strcpy(out, text);
    return true;
}

static bool read_seconds(const json_t *root, const char *key, double min, double *out)
{
    const json_t *value = json_object_get(root, key);
    *out = json_number_value(value);
    return json_is_number(value) && *out >= min && *out <= 86400;
}

bool message_read_terms(struct registration_terms *out, const char *body, char error[128])
{
    json_t *root = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
    const char *wrong = NULL;
    double heartbeat, lifetime, rejoin;
    memset(out, 0, sizeof(*out));
    if (!copy_text(out->id, sizeof(out->id), json_object_get(root, "id")) ||
        strspn(out->id, "0123456789abcdefABCDEF-") != strlen(out->id))
        wrong = "id";
    else if (!copy_text(out->token, sizeof(out->token), json_object_get(root, "instanceToken")))
        wrong = "instanceToken";
    else if (!read_seconds(root, "heartbeatSeconds", 0.1, &heartbeat))
        wrong = "heartbeatSeconds";
    else if (!read_seconds(root, "tokenLifetimeSeconds", 1, &lifetime))
        wrong = "tokenLifetimeSeconds";
    else if (!read_seconds(root, "rejoinSeconds", 0, &rejoin))
        wrong = "rejoinSeconds";
    else {
        const char *key = json_string_value(json_object_get(root, "connectKey"));
        const char *protocol = json_string_value(json_object_get(root, "protocolId"));
        out->heartbeat_ns = (uint64_t)(heartbeat * 1e9);
        out->token_lifetime_seconds = (unsigned)lifetime;
        out->rejoin_seconds = (unsigned)rejoin;
        if (!key || !hex_read(out->connect_key, sizeof(out->connect_key), key))
            wrong = "connectKey";
        else if (!protocol || !hex_read_u64(&out->protocol_id, protocol))
            wrong = "protocolId";
    }
    json_decref(root);
    if (wrong)
        snprintf(error, 128, "the reply to the registration has no usable %s", wrong);
    return !wrong;
}

static void give_orders(const json_t *ends, const json_t *kicks,
                        const struct heartbeat_orders *orders)
{
    uint8_t session[16], user[16];
    for (size_t i = 0; i < json_array_size(kicks); i++) {
        const json_t *kick = json_array_get(kicks, i);
        if (uuid_parse(session, json_string_value(json_object_get(kick, "gameSimId"))) &&
            uuid_parse(user, json_string_value(json_object_get(kick, "userId"))))
            orders->kick(orders->arg, session, user);
    }
    for (size_t i = 0; i < json_array_size(ends); i++) {
        if (uuid_parse(session, json_string_value(json_array_get(ends, i))))
            orders->end(orders->arg, session);
    }
}

bool message_read_heartbeat(const char *body, const struct heartbeat_orders *orders, bool *drain,
                            char token[MESSAGES_TOKEN_MAX])
{
    json_t *root = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
    const json_t *ends = json_object_get(root, "end"), *kicks = json_object_get(root, "kick");
    const json_t *renewed = json_object_get(root, "instanceToken");
    bool ok = json_is_object(root) && json_is_boolean(json_object_get(root, "drain")) &&
              json_is_array(ends) && json_is_array(kicks);
    token[0] = '\0';
    if (ok && renewed)
        ok = copy_text(token, MESSAGES_TOKEN_MAX, renewed);
    if (ok) {
        *drain = json_is_true(json_object_get(root, "drain"));
        give_orders(ends, kicks, orders);
    }
    json_decref(root);
    return ok;
}

void message_read_code(const char *body, char code[48])
{
    json_t *root = json_loads(body, 0, NULL);
    if (!copy_text(code, 48, json_object_get(root, "code")))
        code[0] = '\0';
    json_decref(root);
}

void message_read_error(const char *body, char error[160])
{
    json_t *root = json_loads(body, 0, NULL);
    const char *text = json_string_value(json_object_get(root, "error"));
    snprintf(error, 160, "%s", text ? text : "");
    json_decref(root);
}

uint32_t message_read_expected(const char *body)
{
    json_t *root = json_loads(body, 0, NULL);
    json_int_t expected = json_integer_value(json_object_get(root, "expected"));
    json_decref(root);
    return expected > 0 && expected < UINT32_MAX ? (uint32_t)expected : 0;
}

size_t message_count_rejected(const char *body)
{
    json_t *root = json_loads(body, 0, NULL);
    size_t count = json_array_size(json_object_get(root, "rejected"));
    json_decref(root);
    return count;
}

int message_read_active(const char *body, const char *id)
{
    json_t *root = json_loads(body, 0, NULL);
    const json_t *list = json_object_get(root, "instances");
    int active = -1;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *instance = json_array_get(list, i);
        const char *other = json_string_value(json_object_get(instance, "id"));
        const json_t *count = json_object_get(instance, "activeGameSims");
        if (other && strcmp(other, id) == 0 && json_is_integer(count))
            active = (int)json_integer_value(count);
    }
    json_decref(root);
    return active;
}
