/*
 * address_test.c - addresses and networks, good and bad.
 */
#include "../unit.h"

#include "net/address.h"

static void addresses_are_read_and_written(void **state)
{
    static const char *const good[][2] = {
        {"127.0.0.1:8080", "127.0.0.1:8080"},
        {"0.0.0.0:0", "0.0.0.0:0"},
        {"[::1]:80", "[::1]:80"},
        {"[2001:db8::1]:65535", "[2001:db8::1]:65535"},
        {"*:8080", "[::]:8080"},
        {"localhost:1", "127.0.0.1:1"},
    };
    static const char *const bad[] = {"",
                                      ":80",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:-1",
                                      "::1:80",
                                      "[::1]",
                                      "[::1]80",
                                      "[::1:80",
                                      "example.com:80",
                                      "1.2.3:80",
                                      "[127.0.0.1.1]:80",
                                      "127.0.0.1:8x"};
    hearth_address address;
    hearth_error error;
    char text[ADDRESS_TEXT_SIZE];
    (void)state;
    for (size_t i = 0; i < HEARTH_COUNT(good); i++) {
        assert_int_equal(address_parse(str_from(good[i][0]), &address, &error), HEARTH_OK);
        address_format(&address, text);
        assert_string_equal(text, good[i][1]);
    }
    for (size_t i = 0; i < HEARTH_COUNT(bad); i++) {
        assert_int_equal(address_parse(str_from(bad[i]), &address, &error), HEARTH_EINVAL);
        assert_non_null(strstr(error.text, bad[i]));
    }
}

static bool contains(const char *network, const char *ip)
{
    hearth_network parsed;
    hearth_ip address;
    hearth_error error;
    if (network_parse(str_from(network), &parsed, &error) < 0)
        fail_msg("%s", error.text);
    assert_true(ip_parse(str_from(ip), &address));
    return network_contains(&parsed, &address);
}

static void networks_contain_what_they_should(void **state)
{
    (void)state;
    assert_true(contains("10.0.0.0/8", "10.255.0.1"));
    assert_false(contains("10.0.0.0/8", "11.0.0.1"));
    assert_true(contains("192.168.4.0/22", "192.168.7.255"));
    assert_false(contains("192.168.4.0/22", "192.168.8.0"));
    assert_true(contains("0.0.0.0/0", "1.2.3.4"));
    assert_false(contains("0.0.0.0/0", "2001:db8::1"));
    assert_true(contains("127.0.0.1", "127.0.0.1"));
    assert_true(contains("127.0.0.1", "::ffff:127.0.0.1"));
    assert_false(contains("127.0.0.1", "127.0.0.2"));
    assert_true(contains("fd00::/8", "fdff::1"));
    assert_false(contains("fd00::/8", "fe00::1"));
    assert_true(contains("::/0", "10.0.0.1"));
    assert_true(contains("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(contains("2001:db8::/33", "2001:db8:8000::1"));
}

static void bad_networks_are_refused(void **state)
{
    static const char *const bad[] = {"",           "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/",
                                      "10.0.0.0/x", "fd00::/129",  "fd00::1/8",  "/8",
                                      "host/8",     "10.0.0.0/8/8"};
    hearth_network network;
    hearth_error error;
    (void)state;
    for (size_t i = 0; i < HEARTH_COUNT(bad); i++)
        assert_int_equal(network_parse(str_from(bad[i]), &network, &error), HEARTH_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_written),
        cmocka_unit_test(networks_contain_what_they_should),
        cmocka_unit_test(bad_networks_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
