# nvcc 13 under CMake 3.25: it does not know how to ask for C++20, so the flag is given by hand.
enable_language(CUDA)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
  list(APPEND CMAKE_CUDA_COMPILE_FEATURES cuda_std_20)
endif()
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_ARCHITECTURES 80-virtual 90a-real)
find_package(CUDAToolkit REQUIRED)
add_library(genesis_cuda INTERFACE)
target_link_libraries(genesis_cuda INTERFACE CUDA::cudart_static)
add_library(genesis::cuda ALIAS genesis_cuda)
# fmt 9 switches constexpr off under nvcc and then calls its own functions from constexpr ones.
target_compile_definitions(genesis_cuda INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:FMT_USE_CONSTEXPR=1>)
# They call constexpr functions of kernels/core (master_bits.h) from kernels.
set_source_files_properties(${PROJECT_SOURCE_DIR}/kernels/cuda/adamw.cu ${PROJECT_SOURCE_DIR}/kernels/cuda/split_master.cu
                            PROPERTIES COMPILE_OPTIONS --expt-relaxed-constexpr)
