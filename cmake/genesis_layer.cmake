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
  if(GENESIS_CUDA)
    file(GLOB_RECURSE cuda_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${A_DIR}/*.cu)
    list(APPEND sources ${cuda_sources})
  else()
    list(FILTER sources EXCLUDE REGEX "/cuda/")
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
    target_compile_definitions(genesis_${name} PUBLIC GENESIS_CUDA)
    target_link_libraries(genesis_${name} PUBLIC genesis::cuda)
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

# Whatever preset was built last, the program is at build/<name>.
function(genesis_publish_program name)
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_SOURCE_DIR}/build
    COMMAND ${CMAKE_COMMAND} -E create_symlink $<TARGET_FILE:${name}> ${PROJECT_SOURCE_DIR}/build/${name}
    VERBATIM)
endfunction()
