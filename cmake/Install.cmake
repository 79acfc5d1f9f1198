# The CMake package for authors of plugins, of this build tree and of an installation, and the
# layout of an installation (FHS). Both trees look alike below their prefix, so that the `hearth`
# tool and a plugin's project find things in either.
include(CMakePackageConfigHelpers)

set(HEARTH_TESTING_LINK_OPTIONS "")
if(HEARTH_SANITIZE)
    set(HEARTH_TESTING_LINK_OPTIONS "-fsanitize=${HEARTH_SANITIZE}")
endif()

function(hearth_package output install_prefix)
    configure_package_config_file(${CMAKE_SOURCE_DIR}/sdk/cmake/HearthConfig.cmake.in
        ${output}/HearthConfig.cmake INSTALL_DESTINATION lib/cmake/Hearth
        INSTALL_PREFIX ${install_prefix}
        PATH_VARS HEARTH_INCLUDE HEARTH_TESTING_INCLUDE HEARTH_PLUGINS HEARTH_ETC HEARTH_TESTING)
    write_basic_package_version_file(${output}/HearthConfigVersion.cmake
        COMPATIBILITY SameMajorVersion)
    configure_file(${CMAKE_SOURCE_DIR}/sdk/cmake/HearthPlugin.cmake ${output}/HearthPlugin.cmake
        COPYONLY)
endfunction()

# ---- this build tree ---------------------------------------------------------------------------
set(HEARTH_INCLUDE ${CMAKE_SOURCE_DIR}/sdk/include)
set(HEARTH_TESTING_INCLUDE ${CMAKE_SOURCE_DIR}/sdk/testing/include)
set(HEARTH_PLUGINS ${HEARTH_PLUGIN_DIR})
set(HEARTH_ETC ${CMAKE_SOURCE_DIR}/etc)
set(HEARTH_TESTING ${CMAKE_BINARY_DIR}/sdk/testing/libhearth_testing.a)
hearth_package(${CMAKE_BINARY_DIR}/lib/cmake/Hearth ${CMAKE_BINARY_DIR})

file(GLOB_RECURSE template CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/sdk/template
    ${CMAKE_SOURCE_DIR}/sdk/template/*)
foreach(file ${template})
    configure_file(${CMAKE_SOURCE_DIR}/sdk/template/${file}
        ${CMAKE_BINARY_DIR}/share/hearth/template/${file} COPYONLY)
endforeach()

# ---- an installation ---------------------------------------------------------------------------
set(HEARTH_INCLUDE include)
set(HEARTH_TESTING_INCLUDE include)
set(HEARTH_PLUGINS lib/hearth/plugins)
set(HEARTH_ETC ${CMAKE_INSTALL_SYSCONFDIR}/hearth)
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
    set(HEARTH_ETC ${CMAKE_INSTALL_FULL_SYSCONFDIR}/hearth)
endif()
set(HEARTH_TESTING lib/libhearth_testing.a)
hearth_package(${CMAKE_BINARY_DIR}/install-package ${CMAKE_INSTALL_PREFIX})
configure_file(${CMAKE_SOURCE_DIR}/sdk/cmake/hearth.pc.in ${CMAKE_BINARY_DIR}/hearth.pc @ONLY)

foreach(program hearth hearth-gamesim hearth-bot)
    if(TARGET ${program})
        install(TARGETS ${program} RUNTIME DESTINATION bin)
    endif()
endforeach()
install(CODE "
    file(GLOB plugins \"${HEARTH_PLUGIN_DIR}/*.so\")
    file(INSTALL \${plugins} DESTINATION \"\${CMAKE_INSTALL_PREFIX}/lib/hearth/plugins\")
")
install(DIRECTORY sdk/include/ sdk/testing/include/ DESTINATION include FILES_MATCHING PATTERN "*.h")
install(TARGETS hearth_testing ARCHIVE DESTINATION lib)
install(DIRECTORY ${CMAKE_BINARY_DIR}/install-package/ DESTINATION lib/cmake/Hearth)
install(FILES ${CMAKE_BINARY_DIR}/hearth.pc DESTINATION lib/pkgconfig)
install(DIRECTORY sdk/template DESTINATION share/hearth)
# In the folders by which they link to each other; plugins/hello is the guide's example.
file(GLOB_RECURSE pages CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}
    sdk/docs/*.md core/docs/*.md plugins/*.md gamesim/*.md)
foreach(page README.md ${pages} plugins/hello/plugin.c)
    get_filename_component(folder ${page} DIRECTORY)
    install(FILES ${page} DESTINATION share/doc/hearth/${folder})
endforeach()

# The operator's files are theirs: what is there already stays as it is, and only the first
# installation enables plugins.
install(CODE "
    set(from \"${CMAKE_SOURCE_DIR}/etc\")
    set(to \"\${CMAKE_INSTALL_PREFIX}/${HEARTH_ETC}\")
    if(IS_ABSOLUTE \"${HEARTH_ETC}\")
        set(to \"${HEARTH_ETC}\")
    endif()
    set(there \"\$ENV{DESTDIR}\${to}\") # file(INSTALL) puts DESTDIR in front by itself
    set(first TRUE)
    if(EXISTS \"\${there}/hearth.yaml\")
        set(first FALSE)
    endif()
    file(GLOB_RECURSE files RELATIVE \"\${from}\" \"\${from}/*\")
    foreach(file \${files})
        if(file MATCHES \"^plugins.d/\" AND NOT first)
            continue()
        endif()
        if(NOT EXISTS \"\${there}/\${file}\")
            get_filename_component(folder \"\${to}/\${file}\" DIRECTORY)
            file(INSTALL \"\${from}/\${file}\" DESTINATION \"\${folder}\")
        endif()
    endforeach()
")
