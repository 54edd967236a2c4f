# `find_package(Genesis)` and `#include <genesis/genesis.h>`: headers under include/genesis with their layer's folder, static
# libraries, one target. The libraries carry what they link; GenesisConfig.cmake finds it again.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(layers core kernels data autograd parallel models)
set(exported ${layers})
list(TRANSFORM exported PREPEND genesis_)
install(TARGETS ${exported} genesis_json genesis_yaml genesis_text genesis_digest genesis_datafile EXPORT GenesisTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(GENESIS_CUDA)
  install(TARGETS genesis_cuda EXPORT GenesisTargets)
endif()
install(TARGETS genesis RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
foreach(folder kernels data autograd parallel models)
  install(DIRECTORY ${folder} DESTINATION include/genesis FILES_MATCHING PATTERN "*.h"
    PATTERN "kernels/cpu" EXCLUDE PATTERN "cuda" EXCLUDE PATTERN "models/genesis.h" EXCLUDE)
endforeach()
install(FILES models/genesis.h DESTINATION include/genesis)
install(EXPORT GenesisTargets NAMESPACE genesis:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Genesis)
configure_package_config_file(cmake/GenesisConfig.cmake.in ${PROJECT_BINARY_DIR}/GenesisConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Genesis)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/GenesisConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/GenesisConfig.cmake ${PROJECT_BINARY_DIR}/GenesisConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Genesis)
