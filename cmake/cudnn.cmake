# Attention by cuDNN, where the headers of cuDNN and of its frontend (1.12 or newer, header-only) are found: in
# CUDNN_FRONTEND_DIR and CUDNN_DIR, where launch/fetch_cudnn_frontend puts the frontend's, beside the CUDA toolkit or in the
# system's folders. Without them attention is computed by our own kernels. The library itself is opened when a card first asks
# for it.
find_path(CUDNN_FRONTEND_INCLUDE_DIR cudnn_frontend.h HINTS ${CUDNN_FRONTEND_DIR} $ENV{CUDNN_FRONTEND_DIR}
          ${CMAKE_SOURCE_DIR}/build/cudnn-frontend ${CUDAToolkit_INCLUDE_DIRS} PATH_SUFFIXES include)
find_path(CUDNN_INCLUDE_DIR cudnn_backend.h HINTS ${CUDNN_DIR} $ENV{CUDNN_DIR} ${CUDAToolkit_INCLUDE_DIRS} PATH_SUFFIXES include)
set(GENESIS_CUDNN FALSE)
if(CUDNN_FRONTEND_INCLUDE_DIR AND CUDNN_INCLUDE_DIR)
  file(STRINGS ${CUDNN_FRONTEND_INCLUDE_DIR}/cudnn_frontend_version.h numbers REGEX "define CUDNN_FRONTEND_(MAJOR|MINOR)_VERSION")
  string(REGEX REPLACE ".*MAJOR_VERSION ([0-9]+).*MINOR_VERSION ([0-9]+).*" "\\1.\\2" found "${numbers}")
  if(found VERSION_GREATER_EQUAL 1.12)
    set(GENESIS_CUDNN TRUE)
    message(STATUS "cuDNN attention: frontend ${found} in ${CUDNN_FRONTEND_INCLUDE_DIR}, cudnn_backend.h in ${CUDNN_INCLUDE_DIR}")
  else()
    message(STATUS "cuDNN attention: not built, the frontend in ${CUDNN_FRONTEND_INCLUDE_DIR} is ${found}, older than 1.12")
  endif()
else()
  message(STATUS "cuDNN attention: not built, cudnn_frontend.h or cudnn_backend.h not found (docs/gpu.md)")
endif()
