/*
 * rules_coins_test.c - coins: changing, exchanging, ceilings.
 */
#include "rules_fixture.h"

static const int32_t average[ABILITY_COUNT] = {10, 10, 10, 10, 10, 10};

static void rich(struct character_draft *c, int64_t copper, int64_t silver, int64_t electrum,
                 int64_t gold, int64_t platinum)
{
    const int64_t coins[COIN_COUNT] = {copper, silver, electrum, gold, platinum};
    fixture_character(c, "Human", "Fighter", average);
    memcpy(c->character.coins, coins, sizeof(coins));
}

static void assert_coins(const struct character_draft *c, int64_t copper, int64_t silver,
                         int64_t electrum, int64_t gold, int64_t platinum)
{
    const int64_t coins[COIN_COUNT] = {copper, silver, electrum, gold, platinum};
    assert_memory_equal(c->character.coins, coins, sizeof(coins));
}

static enum rules_refusal modify(struct character_draft *c, enum rules_coin coin, int64_t delta,
                                 enum rules_coin other, int64_t other_delta)
{
    struct rules_intent intent = {.kind = INTENT_CURRENCY_MODIFY};
    intent.coins[coin] += delta;
    intent.coins[other] += other_delta;
    return fixture_apply(c, &intent);
}

static enum rules_refusal exchange(struct character_draft *c, enum rules_coin from,
                                   enum rules_coin to, int64_t amount)
{
    return fixture_apply(
        c, &(struct rules_intent){
               .kind = INTENT_CURRENCY_EXCHANGE, .from = from, .to = to, .amount = amount});
}

static void coins_come_and_go(void **state)
{
    struct character_draft c;
    (void)state;
    rich(&c, 0, 0, 0, 15, 0);
    assert_int_equal(modify(&c, COIN_GOLD, -5, COIN_COPPER, 30), RULES_OK);
    assert_coins(&c, 30, 0, 0, 10, 0);
    assert_int_equal(modify(&c, COIN_GOLD, -10, COIN_SILVER, 0), RULES_OK);
    assert_coins(&c, 30, 0, 0, 0, 0);
}

static void below_zero_changes_nothing(void **state)
{
    struct character_draft c;
    (void)state;
    rich(&c, 5, 0, 0, 15, 0);
    assert_int_equal(modify(&c, COIN_GOLD, -16, COIN_COPPER, 1), RULES_INSUFFICIENT_FUNDS);
    assert_int_equal(modify(&c, COIN_COPPER, 1, COIN_PLATINUM, -1), RULES_INSUFFICIENT_FUNDS);
    assert_int_equal(modify(&c, COIN_COPPER, -(INT64_C(1) << 53) + 1, COIN_COPPER, 0),
                     RULES_INSUFFICIENT_FUNDS);
    assert_coins(&c, 5, 0, 0, 15, 0);
}

static void above_the_ceiling_changes_nothing(void **state)
{
    struct character_draft c;
    (void)state;
    rich(&c, 0, 0, 0, 9999990, 0);
    assert_int_equal(modify(&c, COIN_GOLD, 10, COIN_COPPER, 1), RULES_CURRENCY_LIMIT);
    assert_int_equal(modify(&c, COIN_GOLD, (INT64_C(1) << 53) - 1, COIN_COPPER, 0),
                     RULES_CURRENCY_LIMIT);
    assert_int_equal(modify(&c, COIN_GOLD, 9, COIN_COPPER, 1), RULES_OK);
    assert_coins(&c, 1, 0, 0, 9999999, 0);
}

static void every_pair_of_coins_has_its_rate(void **state)
{
    static const int64_t worth[COIN_COUNT] = {1, 10, 50, 100, 1000};
    (void)state;
    for (int from = 0; from < COIN_COUNT; from++) {
        for (int to = 0; to < COIN_COUNT; to++) {
            struct character_draft c;
            int64_t amount = worth[to] > worth[from] ? worth[to] / worth[from] : 1;
            if (from == to)
                continue;
            rich(&c, 0, 0, 0, 0, 0);
            c.character.coins[from] = 5000;
            assert_int_equal(exchange(&c, (enum rules_coin)from, (enum rules_coin)to, amount),
                             RULES_OK);
            assert_int_equal(c.character.coins[from], 5000 - amount);
            assert_int_equal(c.character.coins[to], amount * worth[from] / worth[to]);
            if (amount > 1)
                assert_int_equal(
                    exchange(&c, (enum rules_coin)from, (enum rules_coin)to, amount + 1),
                    RULES_NOT_EXCHANGEABLE);
        }
    }
}

static void exchange_is_refused_in_order(void **state)
{
    struct character_draft c;
    (void)state;
    rich(&c, 15, 0, 0, 0, 9999999);
    assert_int_equal(exchange(&c, COIN_COPPER, COIN_SILVER, 16), RULES_INSUFFICIENT_FUNDS);
    assert_int_equal(exchange(&c, COIN_COPPER, COIN_SILVER, (INT64_C(1) << 53) - 1),
                     RULES_INSUFFICIENT_FUNDS);
    assert_int_equal(exchange(&c, COIN_COPPER, COIN_SILVER, 15), RULES_NOT_EXCHANGEABLE);
    assert_int_equal(exchange(&c, COIN_PLATINUM, COIN_COPPER, 9999999), RULES_CURRENCY_LIMIT);
    assert_coins(&c, 15, 0, 0, 0, 9999999);
    assert_int_equal(exchange(&c, COIN_COPPER, COIN_SILVER, 10), RULES_OK);
    assert_coins(&c, 5, 1, 0, 0, 9999999);
}

static void the_unconscious_do_not_trade(void **state)
{
    struct character_draft c;
    (void)state;
    rich(&c, 10, 0, 0, 0, 0);
    c.character.hitpoints = 0;
    assert_int_equal(exchange(&c, COIN_COPPER, COIN_SILVER, 10), RULES_CHARACTER_UNCONSCIOUS);
    assert_int_equal(modify(&c, COIN_COPPER, 1, COIN_COPPER, 0), RULES_CHARACTER_UNCONSCIOUS);
}

static void events_clamp_at_the_ceiling(void **state)
{
    struct character_draft c;
    struct rules_event event = {.kind = EVENT_CURRENCY, .coins = {[COIN_GOLD] = 100}};
    (void)state;
    rich(&c, 0, 0, 0, 9999990, 0);
    assert_int_equal(rules_apply_event(fixture_rules(), &event, &c), RULES_OK);
    assert_coins(&c, 0, 0, 0, 9999999, 0);
    event.coins[COIN_COPPER] = -1;
    assert_int_equal(rules_apply_event(fixture_rules(), &event, &c), RULES_INSUFFICIENT_FUNDS);
    assert_coins(&c, 0, 0, 0, 9999999, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coins_come_and_go),
        cmocka_unit_test(below_zero_changes_nothing),
        cmocka_unit_test(above_the_ceiling_changes_nothing),
        cmocka_unit_test(every_pair_of_coins_has_its_rate),
        cmocka_unit_test(exchange_is_refused_in_order),
        cmocka_unit_test(the_unconscious_do_not_trade),
        cmocka_unit_test(events_clamp_at_the_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
