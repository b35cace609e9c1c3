# cudenza_add_test_program(program TIMEOUT seconds [FINALLY test]): a GoogleTest program under ctest as CUDENZA_TEST_SHARDS
# processes, program.1, program.2, …: a process for each test would start for longer than it tests. Each leaves a line a
# test in build/test-report (tests/support/report.h), which `./run test` sums. FINALLY names a test that runs by itself after all
# of them and reads those reports.
set(CUDENZA_TEST_SHARDS 8 CACHE STRING "Processes that share the tests of one program")

# Small tests on more threads than cores spend their time waiting for a turn to wait: two threads, asleep while idle.
set(cudenza_test_environment OMP_NUM_THREADS=2 OMP_WAIT_POLICY=passive GTEST_BRIEF=1 UBSAN_OPTIONS=print_stacktrace=1)

function(cudenza_add_test_program program)
  cmake_parse_arguments(ARG "" "TIMEOUT;FINALLY" "" ${ARGN})
  set(reports ${CMAKE_BINARY_DIR}/test-report)
  file(MAKE_DIRECTORY ${reports})
  set(shards "")
  foreach(shard RANGE 1 ${CUDENZA_TEST_SHARDS})
    math(EXPR index "${shard} - 1")
    set(name ${program}.${shard})
    list(APPEND shards ${name})
    add_test(NAME ${name} COMMAND ${program})
    set(environment ${cudenza_test_environment} CUDENZA_TEST_REPORT=${reports}/${name}
      GTEST_TOTAL_SHARDS=${CUDENZA_TEST_SHARDS} GTEST_SHARD_INDEX=${index})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS ${program} ENVIRONMENT "${environment}")
  endforeach()
  if(ARG_FINALLY)
    set(name ${program}.finally)
    add_test(NAME ${name} COMMAND ${program} --gtest_filter=${ARG_FINALLY})
    set(environment ${cudenza_test_environment} CUDENZA_TEST_REPORT=${reports}/${name} CUDENZA_ALL_REPORTS=${reports}/${program}.)
    set_tests_properties(${name} PROPERTIES DEPENDS "${shards}" LABELS "${program};whole" ENVIRONMENT "${environment}")
  endif()
endfunction()
