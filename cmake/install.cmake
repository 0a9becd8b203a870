# Four components: "c" (shared and static C library with its headers), "core" (C++), "debug" (the debug information of the
# shared library, in a file of its own beside it, where debuggers look for it), and "program" (src/program).
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/runhook)

install(TARGETS runhook runhook_static EXPORT runhook-c
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT c
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT c
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT c)
install(TARGETS runhook_core EXPORT runhook-core
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT core
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT core)

set(debug_file ${PROJECT_BINARY_DIR}/$<TARGET_FILE_NAME:runhook>.debug)
install(CODE "set(runhook_libdir [[${CMAKE_INSTALL_LIBDIR}]])
  cmake_path(ABSOLUTE_PATH runhook_libdir BASE_DIRECTORY \"\${CMAKE_INSTALL_PREFIX}\")
  set(runhook_installed \"\$ENV{DESTDIR}\${runhook_libdir}/$<TARGET_FILE_NAME:runhook>\")
  execute_process(COMMAND \"${CMAKE_OBJCOPY}\" --only-keep-debug \"$<TARGET_FILE:runhook>\" \"${debug_file}\" COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND \"${CMAKE_OBJCOPY}\" --strip-unneeded \"--add-gnu-debuglink=${debug_file}\" \"\${runhook_installed}\"
    COMMAND_ERROR_IS_FATAL ANY)" COMPONENT c)
install(CODE "execute_process(
    COMMAND \"${CMAKE_OBJCOPY}\" --only-keep-debug \"$<TARGET_FILE:runhook>\" \"${debug_file}\" COMMAND_ERROR_IS_FATAL ANY)" COMPONENT debug)
install(FILES ${debug_file} DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT debug)

foreach(component IN ITEMS c core)
  install(EXPORT runhook-${component} NAMESPACE runhook:: DESTINATION ${package_dir} COMPONENT ${component})
endforeach()

configure_package_config_file(cmake/runhookConfig.cmake.in ${PROJECT_BINARY_DIR}/runhookConfig.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/runhookConfigVersion.cmake COMPATIBILITY SameMajorVersion)
foreach(component IN ITEMS c core)
  install(FILES ${PROJECT_BINARY_DIR}/runhookConfig.cmake ${PROJECT_BINARY_DIR}/runhookConfigVersion.cmake
    DESTINATION ${package_dir} COMPONENT ${component})
endforeach()

# The prefix is told from the place of the .pc file, so an installed tree can be moved.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_LIBDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX} OUTPUT_VARIABLE pc_libdir)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_INCLUDEDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX} OUTPUT_VARIABLE pc_includedir)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig OUTPUT_VARIABLE pc_prefix)
function(install_pc name component description cflags libs)
  configure_file(cmake/runhook.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT ${component})
endfunction()
install_pc(runhook c "${PROJECT_DESCRIPTION}, C interface" "" "-L\${libdir} -lrunhook")
install_pc(runhook-static c "${PROJECT_DESCRIPTION}, C interface, linked statically"
  " -DRUNHOOK_STATIC" "\${libdir}/librunhook.a -pthread -lstdc++ -lm")
install_pc(runhook-core core "${PROJECT_DESCRIPTION}, C++ library" "" "-L\${libdir} -lrunhook_core -pthread")
