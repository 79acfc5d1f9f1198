# hearth_add_plugin(ID SOURCES ... [LINK ...] [DEFINITIONS ...] [OUTPUT_DIRECTORY DIR])
#
# Builds ID.so as the host wants it: everything hidden but hearth_plugin_main, no symbol left open.
# The target is called plugin_ID. Inside Hearth's own tree it is compiled with Hearth's flags and
# lands in build/PRESET/plugins; a studio's own project gets this through find_package(Hearth).
function(hearth_add_plugin id)
    cmake_parse_arguments(arg "" "OUTPUT_DIRECTORY" "SOURCES;LINK;DEFINITIONS" ${ARGN})
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
        message(FATAL_ERROR "hearth_add_plugin(${id}): expected SOURCES ... [LINK ...], found ${ARGN}")
    endif()
    set(target plugin_${id})
    add_library(${target} MODULE ${arg_SOURCES})
    set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME ${id} SUFFIX ".so"
        C_STANDARD 11 C_STANDARD_REQUIRED ON POSITION_INDEPENDENT_CODE ON
        C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
    if(arg_OUTPUT_DIRECTORY)
        set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${arg_OUTPUT_DIRECTORY})
    elseif(HEARTH_PLUGIN_DIR)
        set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${HEARTH_PLUGIN_DIR})
    endif()
    target_compile_definitions(${target} PRIVATE ${arg_DEFINITIONS})

    if(TARGET hearth_flags)
        target_link_libraries(${target} PRIVATE hearth_flags)
        target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/sdk/include)
    else()
        target_link_libraries(${target} PRIVATE Hearth::sdk)
    endif()
    target_link_libraries(${target} PRIVATE ${arg_LINK})

    set(script ${CMAKE_CURRENT_BINARY_DIR}/${target}.map)
    file(CONFIGURE OUTPUT ${script} CONTENT "{ global: hearth_plugin_main; local: *; };\n" @ONLY)
    target_link_options(${target} PRIVATE LINKER:--version-script=${script} LINKER:--build-id)
    # clang leaves the sanitizers' own symbols to the program, so its plugins cannot be closed.
    if(NOT (CMAKE_C_COMPILER_ID MATCHES "Clang" AND
            (HEARTH_SANITIZE OR "${CMAKE_C_FLAGS}" MATCHES "-fsanitize")))
        target_link_options(${target} PRIVATE LINKER:-z,defs)
    endif()
endfunction()
