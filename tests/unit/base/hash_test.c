/*
 * hash_test.c - hash_stable never changes, and SipHash-1-3 is the published one.
 */
#include "../unit.h"

#include "base/hash.h"

static void stable_hash_has_these_values_for_ever(void **state)
{
    (void)state;
    assert_true(hash_stable(HEARTH_STR("")) == UINT64_C(0xefd01f60ba992926));
    assert_true(hash_stable(HEARTH_STR("a")) == UINT64_C(0x82a2a958a9bece5b));
    assert_true(hash_stable(HEARTH_STR("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")) ==
                UINT64_C(0x68df6fca205a258b));
}

static void homes_are_spread_evenly(void **state)
{
    (void)state;
    int counts[7] = {0};
    char id[] = "00000000-0000-4000-8000-000000000000";
    for (int i = 0; i < 7000; i++) {
        for (int digit = 0, rest = i; digit < 4; digit++, rest /= 10)
            id[35 - digit] = (char)('0' + rest % 10);
        counts[hash_home(str_from(id), 7)]++;
    }
    for (int i = 0; i < 7; i++)
        assert_in_range(counts[i], 850, 1150);
    assert_int_equal(hash_home(str_from(id), 1), 0);
}

static void siphash_has_the_known_values(void **state)
{
    (void)state;
    const uint64_t k0 = UINT64_C(0x0706050403020100), k1 = UINT64_C(0x0f0e0d0c0b0a0908);
    char input[64];
    for (int i = 0; i < 64; i++)
        input[i] = (char)i;
    /* SipHash-1-3, as in the Rust standard library's test of it */
    assert_true(hash_siphash13((hearth_str){input, 0}, k0, k1) == UINT64_C(0xabac0158050fc4dc));
    assert_true(hash_siphash13((hearth_str){input, 1}, k0, k1) == UINT64_C(0xc9f49bf37d57ca93));
    assert_true(hash_siphash13((hearth_str){input, 7}, k0, k1) == UINT64_C(0xd3927d989bb11140));
    assert_true(hash_siphash13((hearth_str){input, 8}, k0, k1) == UINT64_C(0x369095118d299a8e));
    assert_true(hash_siphash13((hearth_str){input, 63}, k0, k1) == UINT64_C(0x9d199062b7bbb3a8));
}

static void keyed_hash_is_one_per_process(void **state)
{
    (void)state;
    assert_true(hash_keyed(HEARTH_STR("abc")) == hash_keyed(HEARTH_STR("abc")));
    assert_true(hash_keyed(HEARTH_STR("abc")) != hash_siphash13(HEARTH_STR("abc"), 0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stable_hash_has_these_values_for_ever),
        cmocka_unit_test(homes_are_spread_evenly),
        cmocka_unit_test(siphash_has_the_known_values),
        cmocka_unit_test(keyed_hash_is_one_per_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
