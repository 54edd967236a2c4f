# `find_package(Genesis)`: headers under include/genesis with their layer's folder, static libraries, one target.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(layers core kernels data autograd parallel models)
set(exported ${layers})
list(TRANSFORM exported PREPEND genesis_)
install(TARGETS ${exported} genesis_json genesis_yaml genesis_text EXPORT GenesisTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS genesis RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
foreach(folder kernels data autograd parallel models)
  install(DIRECTORY ${folder} DESTINATION include/genesis FILES_MATCHING PATTERN "*.h")
endforeach()
install(EXPORT GenesisTargets NAMESPACE genesis:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Genesis)
configure_package_config_file(cmake/GenesisConfig.cmake.in ${PROJECT_BINARY_DIR}/GenesisConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Genesis)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/GenesisConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/GenesisConfig.cmake ${PROJECT_BINARY_DIR}/GenesisConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Genesis)
