# cudenza_layer(name DEPENDS layer… LINKS library… [EXCLUDE regex]): the static library cudenza_<name> of this folder's sources,
# but for those that match the regex, exported as cudenza::<name>. DEPENDS are the layers whose headers it may include
# (tests/tree_test.cpp holds the sources to that); LINKS are outside libraries, used in .cpp files only.
#
# Files called *_cuda.cpp and *.cu and those in cuda/, cudnn/ and cublas/ are compiled where there is CUDA, *_none.cpp and those
# in none/ where not.
function(cudenza_layer name)
  cmake_parse_arguments(LAYER "" "EXCLUDE" "DEPENDS;LINKS;CUDA_LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cpp *.cu)
  list(FILTER sources EXCLUDE REGEX "/kernels/(simt|course)/")
  if(LAYER_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX ${LAYER_EXCLUDE})
  endif()
  if(CUDENZA_WITH_CUDA)
    list(FILTER sources EXCLUDE REGEX "_none\\.cpp$|/libraries/none/")
  else()
    list(FILTER sources EXCLUDE REGEX "_cuda\\.cpp$|\\.cu$|/libraries/(cuda|cudnn|cublas)/")
  endif()
  add_library(cudenza_${name} STATIC ${sources})
  add_library(cudenza::${name} ALIAS cudenza_${name})
  set_target_properties(cudenza_${name} PROPERTIES EXPORT_NAME ${name} LINKER_LANGUAGE CXX)
  target_include_directories(cudenza_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/cudenza>)
  target_compile_features(cudenza_${name} PUBLIC cxx_std_20)
  foreach(layer ${LAYER_DEPENDS})
    target_link_libraries(cudenza_${name} PUBLIC cudenza_${layer})
  endforeach()
  target_link_libraries(cudenza_${name} PRIVATE $<BUILD_INTERFACE:cudenza_flags> ${LAYER_LINKS})
  if(CUDENZA_WITH_CUDA)
    target_compile_definitions(cudenza_${name} PUBLIC CUDENZA_GPU=1)
    target_link_libraries(cudenza_${name} PRIVATE ${LAYER_CUDA_LINKS})
  endif()
  cudenza_precompile_headers(${name})
  set_property(GLOBAL APPEND PROPERTY CUDENZA_LAYERS cudenza_${name})
endfunction()
