# Warnings, sanitizers and hardening for everything of ours, and the few helpers that the folders use.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(HEARTH_PLUGIN_DIR ${CMAKE_BINARY_DIR}/plugins)

find_program(CCACHE ccache)
if(CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# Link to this and nothing else to compile as Hearth code does.
add_library(hearth_flags INTERFACE)
target_compile_definitions(hearth_flags INTERFACE _GNU_SOURCE)
target_compile_options(hearth_flags INTERFACE
    -Wall -Wextra -Wshadow -Wconversion -Wundef -Werror -fvisibility=hidden -fno-omit-frame-pointer
    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes>)
if(HEARTH_SANITIZE)
    target_compile_options(hearth_flags INTERFACE -fsanitize=${HEARTH_SANITIZE} -fno-sanitize-recover=all)
    target_link_options(hearth_flags INTERFACE -fsanitize=${HEARTH_SANITIZE})
endif()
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" OR CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(hearth_flags INTERFACE -fstack-protector-strong -fstack-clash-protection
        -D_FORTIFY_SOURCE=2)
    target_link_options(hearth_flags INTERFACE LINKER:-z,relro,-z,now)
endif()
if(HEARTH_FUZZ)
    target_compile_options(hearth_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# hearth_library(NAME LINK ...): a static library of every .c file in this folder.
function(hearth_library name)
    cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC hearth_flags ${arg_LINK})
endfunction()

# hearth_test(NAME SOURCES ... LINK ...): a cmocka program that ctest runs.
function(hearth_test name)
    cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
    add_executable(${name} ${arg_SOURCES})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    target_link_libraries(${name} PRIVATE hearth_flags PkgConfig::cmocka ${arg_LINK})
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT 300)
endfunction()

# Every fuzzer, and nothing else.
if(HEARTH_FUZZ)
    add_custom_target(fuzzers)
endif()

# hearth_fuzzer(NAME SOURCES ... LINK ...): a libFuzzer target; its corpus is tests/fuzz/corpus/NAME.
function(hearth_fuzzer name)
    if(NOT HEARTH_FUZZ)
        return()
    endif()
    cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
    add_executable(${name} ${arg_SOURCES})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    target_link_libraries(${name} PRIVATE hearth_flags ${arg_LINK})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzzers ${name})
endfunction()
