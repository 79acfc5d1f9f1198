/*
 * dice.c - see dice.h.
 */
#include "sim/dice.h"

static uint32_t next(struct dice *dice)
{
    uint64_t old = dice->state;
    dice->state = old * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    uint32_t mixed = (uint32_t)((old >> 18 ^ old) >> 27);
    uint32_t turn = (uint32_t)(old >> 59);
    return mixed >> turn | mixed << (-turn & 31);
}

void dice_seed(struct dice *dice, uint64_t seed)
{
    dice->state = 0;
    next(dice);
    dice->state += seed;
    next(dice);
}

uint32_t dice_below(struct dice *dice, uint32_t n)
{
    /* Numbers under the threshold would make low results a little likelier. */
    uint32_t threshold = -n % n, value;
    do {
        value = next(dice);
    } while (value < threshold);
    return value % n;
}

int32_t dice_roll(struct dice *dice, uint32_t sides)
{
    return (int32_t)dice_below(dice, sides) + 1;
}

int32_t dice_damage(struct dice *dice, session_dice damage, unsigned times)
{
    int32_t sum = damage.modifier;
    for (unsigned i = 0; i < damage.number * times; i++)
        sum += dice_roll(dice, damage.sides);
    return sum > 0 ? sum : 0;
}
