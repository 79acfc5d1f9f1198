/*
 * document_test.c - a character in storage and as JSON: the way there and back, the largest one,
 * and documents that somebody has tampered with.
 */
#include "plugin_fixture.h"

#include "state.h"
#include "text.h"

static hearth_test_host *host;
static const hearth_json *json;
static hearth_arena *arena;

static int begin(void **state)
{
    (void)state;
    host = hearth_test_create(NULL);
    assert_int_equal(hearth_test_start(host), HEARTH_OK);
    hearth_ctx *ctx = hearth_test_own_ctx(host, 0);
    json = hearth_json_get(ctx);
    arena = hearth_arena_get(ctx)->create(ctx, 1 << 22);
    return arena ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    hearth_arena_get(hearth_test_own_ctx(host, 0))->destroy(arena);
    hearth_test_destroy(host);
    return 0;
}

static void date(int64_t wall_ms, char out[HEARTH_RFC3339_SIZE])
{
    snprintf(out, HEARTH_RFC3339_SIZE, "%lld", (long long)wall_ms);
}

/* Every field at its largest or most awkward. */
static void largest(struct character_draft *draft, struct character_private *hidden)
{
    struct character *c = &draft->character;
    memset(draft, 0, sizeof(*draft));
    memset(hidden, 0, sizeof(*hidden));
    memset(c->name, 'W', sizeof(c->name) - 1);
    memset(c->race, 'R', sizeof(c->race) - 1);
    memset(c->sub_race, 'S', sizeof(c->sub_race) - 1);
    memset(c->class_name, 'C', sizeof(c->class_name) - 1);
    memset(c->gamedata, '1', sizeof(c->gamedata) - 1);
    memcpy(c->id, ALICE, sizeof(c->id));
    c->experience = CHARACTER_MAX_EXPERIENCE;
    c->created_ms = c->updated_ms = INT64_C(1) << 52;
    c->hitpoints = c->hit_dice = INT32_MAX;
    for (int i = 0; i < COIN_COUNT; i++)
        c->coins[i] = INT64_C(1000000000000);
    for (int i = 0; i < ABILITY_COUNT; i++)
        c->scores[i] = c->derived.modifiers[i] = c->derived.saves[i] = INT32_MIN;
    for (int i = 0; i < SLOT_COUNT; i++)
        c->equipment[i] = INT32_MAX;
    c->derived.level = c->derived.max_hitpoints = c->derived.armor_class = INT32_MAX;
    c->derived.attack = (struct character_attack){1, INT32_MAX, INT32_MAX, INT32_MAX, 0, INT32_MIN};
    c->items = draft->items;
    for (int32_t i = 0; i < CHARACTER_MAX_ITEMS; i++)
        c->items[c->item_count++] = (struct character_item){INT32_MAX - i, CHARACTER_MAX_QUANTITY};
    for (uint32_t i = 0; i < STATE_MAX_SOURCES; i++) {
        memset(hidden->sources[i].id, '"', STATE_ID_SIZE - 1);
        hidden->sources[i].sequence = (UINT64_C(1) << 53) - 1;
    }
    hidden->source_count = STATE_MAX_SOURCES;
    memset(hidden->holder, '\\', STATE_ID_SIZE - 1);
}

static hearth_status read_back(hearth_str text, struct character_draft *draft,
                               struct character_private *hidden)
{
    const hearth_json_value *document = NULL;
    hearth_ctx *ctx = hearth_test_own_ctx(host, 0);
    hearth_arena *own = hearth_arena_get(ctx)->create(ctx, 1 << 20);
    assert_non_null(own);
    hearth_status status = json->parse(own, text, &document, NULL);
    assert_true(status == HEARTH_OK || status == HEARTH_EINVAL);
    if (status == HEARTH_OK)
        status = state_read(json, document, draft, hidden);
    hearth_arena_get(ctx)->destroy(own);
    return status;
}

static void the_largest_character_goes_there_and_back(void **state)
{
    struct character_draft draft, back;
    struct character_private hidden, private_back;
    char buffer[STATE_TEXT_SIZE];
    (void)state;
    largest(&draft, &hidden);
    hearth_str document = state_document(&draft.character, &hidden, buffer);
    assert_non_null(document.ptr);
    assert_int_equal(read_back(document, &back, &private_back), HEARTH_OK);
    memcpy(back.character.id, draft.character.id, sizeof(back.character.id)); /* from the key */
    assert_memory_equal(back.items, draft.items, sizeof(draft.items));
    assert_memory_equal(&hidden, &private_back, sizeof(hidden));
    back.character.items = draft.character.items;
    assert_memory_equal(&back.character, &draft.character, sizeof(draft.character));
}

static void the_largest_character_is_json(void **state)
{
    struct character_draft draft;
    struct character_private hidden, copy;
    const hearth_json_value *shown = NULL;
    char user[512];
    (void)state;
    largest(&draft, &hidden);
    memset(user, '\x01', sizeof(user)); /* each becomes six bytes */
    struct character_state *made =
        state_create(&draft.character, &hidden, (hearth_str){user, sizeof(user)},
                     UINT64_C(9007199254740991), date);
    assert_non_null(made);
    assert_int_equal(json->parse(arena, made->json, &shown, NULL), HEARTH_OK);
    hearth_str text = json->as_string(json->get(shown, "userId"));
    assert_int_equal(text.len, sizeof(user));
    assert_memory_equal(text.ptr, user, sizeof(user));
    assert_int_equal(json->size(json->get(shown, "inventory")), CHARACTER_MAX_ITEMS);
    assert_int_equal(made->etag.len, strlen("\"9007199254740991\""));
    state_private(made, &copy);
    assert_memory_equal(&copy, &hidden, sizeof(hidden));
    state_destroy(made);
}

static void every_missing_or_foreign_part_is_refused(void **state)
{
    struct character_draft draft, back;
    struct character_private hidden;
    char buffer[STATE_TEXT_SIZE];
    (void)state;
    largest(&draft, &hidden);
    draft.character.item_count = 2;
    hearth_str document = state_document(&draft.character, &hidden, buffer);
    for (size_t i = 0; i + 1 < document.len; i++) { /* every string and number, damaged once */
        char kept = buffer[i];
        if (kept != '"' && kept != '[' && (kept < '0' || kept > '9'))
            continue;
        buffer[i] = kept == '[' ? '{' : kept == '"' ? ' ' : '-';
        (void)read_back(document, &back, &hidden); /* ASan and UBSan watch */
        buffer[i] = kept;
    }
    static const char *const keys[] = {
        "name",      "race",      "subRace",   "class",     "experience", "hitpoints",
        "hitDice",   "abilities", "equipment", "inventory", "coins",      "derived",
        "modifiers", "saves",     "attack",    "gamedata",  "created",    "updated"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        char key[32], *at;
        snprintf(key, sizeof(key), "\"%s\":", keys[i]);
        at = memmem(buffer, document.len, key, strlen(key));
        assert_non_null(at);
        at[1] = '_';
        if (read_back(document, &back, &hidden) != HEARTH_EINVAL)
            fail_msg("a document without %s was read", keys[i]);
        at[1] = keys[i][0];
    }
    assert_int_equal(read_back(document, &back, &hidden), HEARTH_OK);
    assert_int_equal(read_back(HEARTH_STR("[]"), &back, &hidden), HEARTH_EINVAL);
    assert_int_equal(read_back(HEARTH_STR("{}"), &back, &hidden), HEARTH_EINVAL);
}

static void damage_is_written_as_documented(void **state)
{
    static const struct {
        struct character_attack attack;
        const char *text;
    } table[] = {{{.dice = 1, .sides = 8, .modifier = 2}, "1d8+2"},
                 {{.dice = 1, .sides = 4}, "1d4"},
                 {{.dice = 1, .sides = 4, .modifier = -1}, "1d4-1"},
                 {{.flat = 1, .modifier = 3}, "1+3"},
                 {{.flat = 1}, "1"},
                 {{.modifier = 3}, "0"}};
    char out[STATE_DAMAGE_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        state_damage(&table[i].attack, out);
        assert_string_equal(out, table[i].text);
    }
}

static void text_stops_at_its_end(void **state)
{
    char buffer[8];
    struct text out = {.ptr = buffer, .size = sizeof(buffer)};
    (void)state;
    text_integer(&out, INT64_MIN);
    assert_true(out.overflow);
    assert_int_equal(out.len, 0);
    text_raw(&out, "12345678");
    assert_int_equal(out.len, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_largest_character_goes_there_and_back, begin, end),
        cmocka_unit_test_setup_teardown(the_largest_character_is_json, begin, end),
        cmocka_unit_test_setup_teardown(every_missing_or_foreign_part_is_refused, begin, end),
        cmocka_unit_test(damage_is_written_as_documented),
        cmocka_unit_test(text_stops_at_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
