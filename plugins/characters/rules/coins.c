/*
 * coins.c - five kinds of coins. Exchanging never makes or destroys value.
 */
#include "rules.h"

static const int64_t worth[COIN_COUNT] = {1, 10, 50, 100, 1000}; /* in copper */

enum rules_refusal rules_coins_modify(const struct ruleset *rules, struct character *c,
                                      const int64_t coins[COIN_COUNT])
{
    for (int i = 0; i < COIN_COUNT; i++) {
        if (c->coins[i] + coins[i] < 0)
            return RULES_INSUFFICIENT_FUNDS;
    }
    for (int i = 0; i < COIN_COUNT; i++) {
        if (coins[i] > 0 && c->coins[i] + coins[i] > rules->coin_ceiling)
            return RULES_CURRENCY_LIMIT;
    }
    for (int i = 0; i < COIN_COUNT; i++)
        c->coins[i] += coins[i];
    return RULES_OK;
}

enum rules_refusal rules_coins_exchange(const struct ruleset *rules, struct character *c,
                                        enum rules_coin from, enum rules_coin to, int64_t amount)
{
    if (amount > c->coins[from])
        return RULES_INSUFFICIENT_FUNDS;
    int64_t copper = amount * worth[from];
    if (copper % worth[to] != 0)
        return RULES_NOT_EXCHANGEABLE;
    if (c->coins[to] + copper / worth[to] > rules->coin_ceiling)
        return RULES_CURRENCY_LIMIT;
    c->coins[from] -= amount;
    c->coins[to] += copper / worth[to];
    return RULES_OK;
}
