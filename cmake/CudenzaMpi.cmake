# Sets CUDENZA_WITH_MPI, and with it the imported target MPI::MPI_CXX: several processes that train one network (engine/parallel).
set(CUDENZA_WITH_MPI OFF)
if(NOT CUDENZA_MPI STREQUAL "OFF")
  set(MPI_CXX_SKIP_MPICXX TRUE)  # the C interface is all that is used
  find_package(MPI QUIET COMPONENTS CXX)
  if(MPI_CXX_FOUND)
    set(CUDENZA_WITH_MPI ON)
    set_property(GLOBAL APPEND_STRING PROPERTY CUDENZA_DEPENDENCIES
      "set(MPI_CXX_SKIP_MPICXX TRUE)\nfind_dependency(MPI COMPONENTS CXX)\n")
    message(STATUS "cudenza: MPI ${MPI_CXX_VERSION} for training by several processes")
  elseif(CUDENZA_MPI STREQUAL "ON")
    message(FATAL_ERROR "CUDENZA_MPI=ON, but no MPI was found: install one (Debian: libopenmpi-dev openmpi-bin), "
                        "or configure with -DCUDENZA_MPI=OFF")
  else()
    message(STATUS "cudenza: no MPI found: a network is trained by one process alone")
  endif()
endif()
