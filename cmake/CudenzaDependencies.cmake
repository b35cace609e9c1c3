# Libraries from outside, found in the top folder's CMakeLists.txt so that every folder sees their targets:
#   cudenza_find(<arguments of find_package>)       what CMake knows or has a config file for
#   cudenza_find_module(<name> <pkg-config module>) anything else, as target PkgConfig::<name>
# Both note that a project which links an installed cudenza must find the library too: ours are static, and what they use
# privately is still linked by their user (cudenza-config.cmake.in).
macro(cudenza_find)
  find_package(${ARGN} REQUIRED)
  string(REPLACE ";" " " cudenza_find_arguments "${ARGN}")
  set_property(GLOBAL APPEND_STRING PROPERTY CUDENZA_DEPENDENCIES "find_dependency(${cudenza_find_arguments})\n")
endmacro()

macro(cudenza_find_module name module)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${module})
  set_property(GLOBAL APPEND_STRING PROPERTY CUDENZA_DEPENDENCIES
    "find_dependency(PkgConfig)\npkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${module})\n")
endmacro()
