# `cmake --install build --prefix P`: the program, the libraries, their headers under include/cudenza, and what
# find_package(cudenza) reads. tests/consumer is a project that uses it.
include(CMakePackageConfigHelpers)
set(cudenza_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/cudenza)

get_property(cudenza_layers GLOBAL PROPERTY CUDENZA_LAYERS)
install(TARGETS ${cudenza_layers} EXPORT cudenza-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT cudenza-targets NAMESPACE cudenza:: DESTINATION ${cudenza_config_dir})
install(TARGETS cudenza RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY kernels engine models weights DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/cudenza
  FILES_MATCHING PATTERN "*.h" PATTERN "*.cuh" PATTERN simt EXCLUDE PATTERN course EXCLUDE)
install(DIRECTORY apps/study DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/cudenza/apps FILES_MATCHING PATTERN "*.h")

get_property(CUDENZA_DEPENDENCIES GLOBAL PROPERTY CUDENZA_DEPENDENCIES)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/cudenza-config.cmake.in cudenza-config.cmake
  INSTALL_DESTINATION ${cudenza_config_dir} NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(cudenza-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/cudenza-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/cudenza-config-version.cmake
  DESTINATION ${cudenza_config_dir})
