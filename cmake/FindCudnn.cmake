# cuDNN 9 and the headers of cudnn-frontend: target cudenza_cudnn, variable Cudnn_VERSION.
# The headers come from the system, from CUDNN_FRONTEND_INCLUDE_DIR, or from build/deps, where `./run setup` unpacks them.
find_path(CUDNN_INCLUDE_DIR cudnn_version.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
find_library(CUDNN_LIBRARY cudnn HINTS ${CUDAToolkit_LIBRARY_DIR})
find_path(CUDNN_FRONTEND_INCLUDE_DIR cudnn_frontend.h HINTS ${CMAKE_SOURCE_DIR}/build/deps/cudnn-frontend/include)

if(CUDNN_INCLUDE_DIR)
  file(STRINGS ${CUDNN_INCLUDE_DIR}/cudnn_version.h cudnn_numbers REGEX "#define CUDNN_(MAJOR|MINOR|PATCHLEVEL) ")
  string(REGEX REPLACE "[^0-9;]" "" cudnn_numbers "${cudnn_numbers}")
  list(JOIN cudnn_numbers . Cudnn_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Cudnn
  REQUIRED_VARS CUDNN_LIBRARY CUDNN_INCLUDE_DIR CUDNN_FRONTEND_INCLUDE_DIR VERSION_VAR Cudnn_VERSION
  REASON_FAILURE_MESSAGE "run ./run setup, which fetches the cudnn-frontend headers, or configure with -DCUDENZA_CUDA=OFF")

if(Cudnn_FOUND AND NOT TARGET cudenza_cudnn)
  add_library(cudenza_cudnn INTERFACE IMPORTED)
  target_link_libraries(cudenza_cudnn INTERFACE ${CUDNN_LIBRARY})
  target_include_directories(cudenza_cudnn SYSTEM INTERFACE ${CUDNN_INCLUDE_DIR} ${CUDNN_FRONTEND_INCLUDE_DIR})
endif()
