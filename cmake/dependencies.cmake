# Every outside library, found once and given one name. Debian package names stand beside each.
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(DNNL REQUIRED CONFIG)            # libdnnl-dev
find_package(MPI REQUIRED COMPONENTS CXX)     # libopenmpi-dev
find_package(fmt REQUIRED CONFIG)             # libfmt-dev
find_package(yaml-cpp REQUIRED CONFIG)        # libyaml-cpp-dev
find_package(OpenSSL REQUIRED COMPONENTS Crypto)  # libssl-dev
find_package(PkgConfig REQUIRED)
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)  # libutf8proc-dev
pkg_check_modules(isal REQUIRED IMPORTED_TARGET libisal)          # libisal-dev
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)      # libxxhash-dev
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)             # zlib1g-dev
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)          # libzstd-dev
pkg_check_modules(hdf5 REQUIRED IMPORTED_TARGET hdf5)             # libhdf5-dev

find_path(NLOHMANN_JSON_INCLUDE_DIR nlohmann/json.hpp REQUIRED)   # nlohmann-json3-dev
find_path(CLI11_INCLUDE_DIR CLI/CLI.hpp REQUIRED)                 # libcli11-dev

add_library(genesis_json INTERFACE)
target_include_directories(genesis_json SYSTEM INTERFACE ${NLOHMANN_JSON_INCLUDE_DIR})
add_library(genesis::json ALIAS genesis_json)

add_library(genesis_cli11 INTERFACE)
target_include_directories(genesis_cli11 SYSTEM INTERFACE ${CLI11_INCLUDE_DIR})
add_library(CLI11::CLI11 ALIAS genesis_cli11)

add_library(genesis_yaml INTERFACE)
target_link_libraries(genesis_yaml INTERFACE yaml-cpp)
add_library(genesis::yaml ALIAS genesis_yaml)

add_library(genesis_text INTERFACE)
target_link_libraries(genesis_text INTERFACE PkgConfig::utf8proc)
add_library(genesis::text ALIAS genesis_text)

add_library(genesis_digest INTERFACE)
target_link_libraries(genesis_digest INTERFACE OpenSSL::Crypto PkgConfig::xxhash)
add_library(genesis::digest ALIAS genesis_digest)

add_library(genesis_datafile INTERFACE)
target_link_libraries(genesis_datafile INTERFACE PkgConfig::zlib PkgConfig::zstd PkgConfig::hdf5)
add_library(genesis::datafile ALIAS genesis_datafile)
