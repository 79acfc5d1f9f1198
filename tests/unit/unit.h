/*
 * unit.h - what every cmocka file includes, in the order that cmocka wants.
 */
#ifndef HEARTH_TESTS_UNIT_H
#define HEARTH_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

/* Compares a hearth_str with a C string and shows both when they differ. */
#define assert_str(actual_, expected_)                                                             \
    do {                                                                                           \
        hearth_str actual_str_ = (actual_);                                                        \
        hearth_str expected_str_ = str_from(expected_);                                            \
        if (!str_eq(actual_str_, expected_str_))                                                   \
            fail_msg("expected \"%s\", found \"%" HEARTH_PRIS "\"", expected_str_.ptr,             \
                     HEARTH_ARG(actual_str_));                                                     \
    } while (0)

#endif
