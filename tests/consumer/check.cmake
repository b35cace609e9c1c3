# cmake -P: installs the build tree BUILD under WORK, then configures, builds and runs this folder's project against that. Its
# listener must hear in a clip what the program hears, by a model that the program has trained.
function(do)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK})
do(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
do(${CMAKE_COMMAND} -G ${GENERATOR} -S ${CMAKE_CURRENT_LIST_DIR} -B ${WORK}/build -DCMAKE_CXX_COMPILER=${COMPILER}
  -DCMAKE_PREFIX_PATH=${WORK}/prefix -DCUDNN_LIBRARY=${CUDNN_LIBRARY} -DCMAKE_CXX_FLAGS=${FLAGS} -DCMAKE_BUILD_TYPE=Release)
do(${CMAKE_COMMAND} --build ${WORK}/build)
do(${WORK}/build/consumer)
if(NOT output STREQUAL "weight f32 [1,1] on cpu\n[[3]]\nbias f32 [1] on cpu\n[-1]\n")
  message(FATAL_ERROR "the consumer printed: ${output}")
endif()
# README shows this program and what it prints.
file(READ ${CMAKE_CURRENT_LIST_DIR}/main.cpp program)
file(READ ${CMAKE_CURRENT_LIST_DIR}/../../README.md readme)
foreach(text "${program}" "${output}")
  string(FIND "${readme}" "${text}" found)
  if(found EQUAL -1)
    message(FATAL_ERROR "README.md does not show:\n${text}")
  endif()
endforeach()
do(${WORK}/prefix/bin/cudenza --version)

set(cudenza ${WORK}/prefix/bin/cudenza)
do(${cudenza} synth ${WORK}/data --clips 2 --seconds 0.5 --quiet)
do(${cudenza} train ${WORK}/data --out ${WORK}/run --model resnet34 --image-size 32 --epochs 1 --freeze-epochs 0 --batch-size 4
  --split stratified:0.5 --quiet)
set(clip ${WORK}/data/jazz/jazz.00000.wav)
do(${cudenza} predict ${WORK}/run ${clip} --top-k 3 --no-trials)  # the library tries none: another algorithm rounds otherwise
string(REPLACE "${clip}: " "" expected "${output}")
string(REPLACE ", " "\n" expected "${expected}")
do(${WORK}/build/listener ${WORK}/run ${clip})
if(NOT output STREQUAL expected OR NOT output MATCHES "^[a-z]+ [0-9.]+ %\n[a-z]+ [0-9.]+ %\n[a-z]+ [0-9.]+ %\n$")
  message(FATAL_ERROR "the listener printed: ${output}but predict says: ${expected}")
endif()
