# Language level, warnings and instruction set: the same for every target of the house.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O3")  # no NDEBUG games: checks are always on

# stringop-overflow: gcc 12 raises it inside fmt's headers when it vectorises them for AVX-512 (a false alarm).
# restrict: gcc 12 raises it for `"text" + string` (its bug 105651).
add_library(genesis_options INTERFACE)
add_library(genesis::options ALIAS genesis_options)
target_compile_options(genesis_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Werror -Wno-missing-field-initializers -Wno-stringop-overflow -Wno-restrict -fno-math-errno
                            -fno-trapping-math -march=${GENESIS_CPU_ARCH}>)
# gcc 12.2 with AVX-512 stores the constant {a, a, 0, 0} of four 64-bit words as {a, a, a, a} (it takes the wide integer for a
# broadcast). Moves of at most 16 bytes at a time never do that; tests/core/compiler_test.cpp watches.
include(CheckCXXCompilerFlag)
check_cxx_compiler_flag("-mmove-max=128 -mstore-max=128" GENESIS_HAS_MOVE_MAX)
if(GENESIS_HAS_MOVE_MAX)
  target_compile_options(genesis_options INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-mmove-max=128 -mstore-max=128>)
endif()
if(GENESIS_SANITIZE)
  target_compile_options(genesis_options INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g>)
  target_link_options(genesis_options INTERFACE -fsanitize=address,undefined)
endif()
# Fuzzing: the sanitizers and the counters libFuzzer steers by. clang warns of other things than gcc, which is the compiler the
# warnings are kept clean for. clang 14 has _Float16 for one processor alone and gives its other half type to every one.
if(GENESIS_FUZZ)
  target_compile_options(genesis_options INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Wno-error -w -D_Float16=__fp16 -Xclang -fnative-half-arguments-and-returns
                              -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer>)
  target_link_options(genesis_options INTERFACE -fsanitize=address,undefined)
endif()
