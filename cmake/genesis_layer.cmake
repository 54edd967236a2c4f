# genesis_layer(<name> [DIR folder] [EXCLUDE subfolder] DEPENDS <lower layers> LINK <libraries>)
#
# One static library per folder. A layer gives its users an include view that holds its own folder alone
# (a symbolic link in the build tree), so an include of an upper layer's header does not compile.
function(genesis_layer name)
  cmake_parse_arguments(A "" "DIR" "DEPENDS;LINK;EXCLUDE" ${ARGN})
  if(NOT A_DIR)
    set(A_DIR ${name})
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${A_DIR}/*.cpp)
  if(GENESIS_CUDA OR GENESIS_CUDA_EMULATION)
    file(GLOB_RECURSE cuda_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${A_DIR}/*.cu)
    list(APPEND sources ${cuda_sources})
    if(GENESIS_CUDA_EMULATION)
      genesis_emulate_cuda(sources ${name})
    endif()
  else()
    list(FILTER sources EXCLUDE REGEX "^${PROJECT_SOURCE_DIR}/.*/cuda/")
  endif()
  foreach(folder ${A_EXCLUDE})
    list(FILTER sources EXCLUDE REGEX "/${A_DIR}/${folder}/")
  endforeach()

  add_library(genesis_${name} STATIC ${sources})
  add_library(genesis::${name} ALIAS genesis_${name})
  set_target_properties(genesis_${name} PROPERTIES EXPORT_NAME ${name})

  set(view ${PROJECT_BINARY_DIR}/include/${name})
  cmake_path(GET A_DIR PARENT_PATH parent)
  file(MAKE_DIRECTORY ${view}/${parent})
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${A_DIR} ${view}/${A_DIR} SYMBOLIC)
  target_include_directories(genesis_${name} PUBLIC
    $<BUILD_INTERFACE:${view}> $<INSTALL_INTERFACE:include> $<INSTALL_INTERFACE:include/genesis>)

  target_link_libraries(genesis_${name} PRIVATE $<BUILD_INTERFACE:genesis::options>)
  target_link_libraries(genesis_${name} PUBLIC fmt::fmt Threads::Threads)
  if(GENESIS_CUDA)
    target_compile_definitions(genesis_${name} PUBLIC GENESIS_HAS_CUDA)
    target_link_libraries(genesis_${name} PUBLIC genesis::cuda)
  elseif(GENESIS_CUDA_EMULATION)
    target_compile_definitions(genesis_${name} PUBLIC GENESIS_HAS_CUDA PRIVATE GENESIS_CUDA_EMULATION)
    target_include_directories(genesis_${name} BEFORE PRIVATE ${PROJECT_SOURCE_DIR}/tests/cuda_emulation)
  endif()
  foreach(lower ${A_DEPENDS})
    target_link_libraries(genesis_${name} PUBLIC genesis::${lower})
  endforeach()
  if(A_LINK)
    list(GET A_LINK 0 first)
    if(first STREQUAL "PRIVATE")
      list(REMOVE_AT A_LINK 0)
      target_link_libraries(genesis_${name} PRIVATE ${A_LINK})
    else()
      target_link_libraries(genesis_${name} PUBLIC ${A_LINK})
    endif()
  endif()
endfunction()

# Compiles the kernels of a layer as plain C++ against tests/cuda_emulation, which plays the card; what needs NVIDIA's
# libraries gives way to a source there.
function(genesis_emulate_cuda variable layer)
  set(list ${${variable}})
  set(emulation ${PROJECT_SOURCE_DIR}/tests/cuda_emulation)
  foreach(source ${list})
    if(source MATCHES "\\.cu$")
      genesis_emulate_kernels(${source})
    endif()
  endforeach()
  list(FILTER list EXCLUDE REGEX "/cuda/(cublas_library|nccl[a-z_]*)\\.cpp$")
  if(layer STREQUAL "core")
    file(GLOB card CONFIGURE_DEPENDS ${emulation}/*.cpp ${emulation}/checker/*.cpp)
    list(FILTER card EXCLUDE REGEX "/(cublas|cudnn|nccl)\\.cpp$")
    set_source_files_properties(${card} PROPERTIES COMPILE_OPTIONS "-O2")
    list(APPEND list ${card})
  elseif(layer STREQUAL "kernels")
    list(APPEND list ${emulation}/cublas.cpp ${emulation}/cudnn.cpp)
  elseif(layer STREQUAL "parallel")
    list(APPEND list ${emulation}/nccl.cpp)
  endif()
  set(${variable} ${list} PARENT_SCOPE)
endfunction()

# A source of kernels as C++. The sanitizers put a call before every access and doubtful step; tests/cuda_emulation/checker has the
# functions they call, so neither sanitizer's library is linked.
function(genesis_emulate_kernels source)
  set_source_files_properties(${source} PROPERTIES LANGUAGE CXX COMPILE_OPTIONS
    "-xc++;-Wno-unknown-pragmas;-fsanitize=thread,alignment,bounds,shift,signed-integer-overflow,integer-divide-by-zero")
endfunction()

# Whatever preset was built last, the program is at build/<name>.
function(genesis_publish_program name)
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_SOURCE_DIR}/build
    COMMAND ${CMAKE_COMMAND} -E create_symlink $<TARGET_FILE:${name}> ${PROJECT_SOURCE_DIR}/build/${name}
    VERBATIM)
endfunction()
