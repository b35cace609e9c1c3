#!/usr/bin/env bash
# run_course.sh FOLDER: goes through ./run course as a learner does: an untouched exercise, one that does not compile, a loop
# without an end, one that is solved, the list. The learner's files and what is built lie in FOLDER.
set -euo pipefail
root=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../..
folder=$1
export CUDENZA_COURSE_DIR=$folder/mine CUDENZA_COURSE_BUILD=$folder/build CUDENZA_COURSE_SECONDS=5
rm -rf "$folder/mine"
mkdir -p "$folder"

# expect STATUS WORDS ARGUMENT…: ./run course ARGUMENT… must end so and say that.
expect() {
  local status=0 wanted=$1 words=$2 said
  shift 2
  said=$("$root/run" course "$@" 2>&1) || status=$?
  if [[ $status -ne $wanted || $said != *"$words"* ]]; then
    printf './run course %s: status %s, wanted %s and "%s":\n%s\n' "$*" "$status" "$wanted" "$words" "$said" >&2
    exit 1
  fi
}

mine=$folder/mine/02_bounds.cu
expect 1 "thread 1 of block 0 reads element 1 of x, which has 1 element" 2
expect 1 "untouched: read" 2
sed -i 's/  y\[i\] = larger/  if (i < n) y[i = larger/' "$mine"
expect 1 "error: " 2
sed -i 's/  if (i < n) y\[i = larger/  while (i < n) y[i] = larger/' "$mine"
expect 1 "no answer within 5 seconds" 2
expect 0 "2  the last block is not full                          wrong"
sed -i 's/while (i < n)/if (i < n)/; s/if (n == 0) return/if (n == 0 || x[0] < 0) return/' "$mine"
expect 1 "the function that launches, which runs on the host" 2
sed -i 's/ || x\[0\] < 0//' "$mine"
sed -i 's/if (i < n) y/if (i == 3) printf("here\\n");\n  if (i < n) y/' "$mine"
expect 0 "  | here" 2
expect 0 "passed" 2
expect 0 "1 of 20 passed; next: ./run course 1"
expect 0 "passed" 7 --solution
[[ ! -f $folder/mine/07_transpose.cu ]] || { echo "--solution made a copy" >&2; exit 1; }
expect 1 "usage: ./run course" 21
