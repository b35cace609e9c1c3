# cmake -P: writes OUTPUT, a C++ string literal with the commit of SOURCE_DIR.
set(commit "unknown")
if(GIT)
  execute_process(COMMAND ${GIT} rev-parse --short=12 HEAD WORKING_DIRECTORY ${SOURCE_DIR}
    OUTPUT_VARIABLE asked RESULT_VARIABLE status OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(status EQUAL 0)
    set(commit ${asked})
  endif()
endif()
file(WRITE ${OUTPUT} "\"${commit}\"\n")
