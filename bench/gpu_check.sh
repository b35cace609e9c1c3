# shellcheck shell=bash disable=SC2154,SC2016  # root and build are set by ./run; what is quoted is meant as it stands
# Sourced by ./run: all that can be proved and measured on a GPU host, from a checkout or an unpacked bundle, into one JSON and
# one table. Needs neither Python nor jq.

sanitizer_seconds=${CUDENZA_SANITIZER_SECONDS:-600}  # that compute-sanitizer may take per tool: it is a hundred times slower
sanitizer_filter=${CUDENZA_SANITIZER_FILTER:-*GpuEqualsCpu*}

program_path() { if is_bundle; then echo "$root/libexec/$1"; else echo "$build/bin/$1"; fi; }

# --- libraries of this host that a bundle goes without

# Folders that may hold them: toolkits, and the wheels that pip puts under site-packages/nvidia; a line each, folders with colons
# between. A line is of use only as a whole: a cuDNN of one CUDA and a cuBLAS of another do not go together.
cuda_library_families() {
  local folder prefix python
  for folder in "${CUDA_HOME:-}" "${CUDA_PATH:-}" /usr/local/cuda /usr/local/cuda-*; do
    if [[ -n $folder && -d $folder/lib64 ]]; then echo "$folder/lib64"; fi
  done
  python=$(readlink -f "$(command -v python3 || echo /usr/bin/python3)")
  for prefix in "${VIRTUAL_ENV:-/usr}" "${CONDA_PREFIX:-/usr}" "${python%/bin/*}" "$HOME/.local" /usr/local /opt/*; do
    for folder in "$prefix"/lib/python3*/{site,dist}-packages/nvidia "$prefix"/lib/python3/dist-packages/nvidia; do
      if compgen -G "$folder/*/lib/*.so*" >/dev/null; then printf '%s\n' "$folder"/*/lib | paste -sd:; fi
    done
  done
}

family_has() {
  local folder folders
  IFS=: read -ra folders <<<"$2"
  for folder in "${folders[@]}"; do [[ -e $folder/$1 ]] && return; done
  return 1
}

lacking_libraries() { ldd "$(program_path cudenza)" | awk '/not found/ { print $1 }' | sort -u | paste -sd' '; }

prepend_library_path() { export LD_LIBRARY_PATH=$1${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}; }

# The C++ runtime of the bundle, unless this host's C library is too old for it.
reach_compiler_runtime() {
  local needs has
  needs=$(<"$root/lib/gcc/glibc")
  has=$(getconf GNU_LIBC_VERSION | cut -d' ' -f2)
  if [[ $(printf '%s\n' "$needs" "$has" | sort -V | head -n 1) = "$needs" ]]; then prepend_library_path "$root/lib/gcc"; fi
}

# The CUDA libraries that the bundle lacks, from families with the CUDA that it was built for.
reach_cuda_libraries() {
  local major family
  major=$(<"$root/lib/cuda-major")
  while read -r family; do
    if family_has "libcudart.so.$major" "$family" || family_has "libcublasLt.so.$major" "$family"; then
      prepend_library_path "$family"
    fi
  done < <(cuda_library_families | awk '!seen[$0]++' | tac)
}

# In a bundle: LD_LIBRARY_PATH as its programs need it. In a checkout they know their libraries themselves.
reach_libraries() {
  if ! is_bundle; then return 0; fi
  reach_compiler_runtime
  if [[ -f $root/lib/cuda-major && -n $(lacking_libraries) ]]; then reach_cuda_libraries; fi
  local lacking major
  lacking=$(lacking_libraries)
  if [[ -z $lacking ]]; then return 0; fi
  say "not found on this host: $lacking"
  if [[ $lacking = *cu* ]]; then
    major=$(<"$root/lib/cuda-major")
    say "install CUDA $major and cuDNN 9, or with pip: nvidia-cudnn-cu$major nvidia-cuda-runtime"
  fi
  exit 4
}

# --- the parts of the check; each leaves its files in $work

require_gpu() {
  local why
  if ! is_bundle && [[ ! -x $(program_path cudenza) ]]; then
    if ! compgen -G '/dev/nvidia[0-9]*' >/dev/null && [[ ! -e /dev/dxg ]]; then
      say "gpu-check needs a GPU: no NVIDIA driver or card was found"
      exit 4
    fi
  fi
  if ! is_bundle; then parse_build_arguments; build; fi
  reach_libraries
  if ! why=$("$(program_path cudenza)" info --device cuda 2>&1 >/dev/null); then
    say "gpu-check needs a GPU: $(sed -n 's/^cudenza: no GPU can be used: \([^;]*\).*/\1/p' <<<"$why" | grep . || echo "$why")"
    exit 4
  fi
}

run_device_tests() {
  local shard shards=4 started=$SECONDS
  say "tests on the device"
  for ((shard = 0; shard < shards; ++shard)); do
    GTEST_TOTAL_SHARDS=$shards GTEST_SHARD_INDEX=$shard GTEST_BRIEF=1 CUDENZA_TEST_REPORT=$work/report.$shard OMP_NUM_THREADS=4 \
      "$(program_path cudenza_tests)" >"$work/tests.$shard.log" 2>&1 &
    wait_for[shard]=$!
  done
  : >"$work/entries"
  for ((shard = 0; shard < shards; ++shard)); do
    if wait "${wait_for[shard]}"; then status=run; else status=fail; fi
    printf 'entry\treport.%s\t%s\n' "$shard" "$status" >>"$work/entries"
  done
  awk -f "$root/tests/summary.awk" "$work/entries" "$work"/report.* >"$work/tests" || failed=1
  test_seconds=$((SECONDS - started))
  cat "$work/tests"
}

# sanitize TOOL: passed, failed, timed out or absent, in $work/TOOL.
sanitize() {
  local tool=$1 sanitizer status=0
  sanitizer=$(command -v compute-sanitizer || compgen -G '/usr/local/cuda*/bin/compute-sanitizer' | tail -n 1) || sanitizer=
  if [[ -z $sanitizer ]]; then echo absent >"$work/$tool"; return; fi
  say "compute-sanitizer $tool, at most $sanitizer_seconds seconds"
  timeout "$sanitizer_seconds" "$sanitizer" --tool "$tool" --error-exitcode 99 "$(program_path cudenza_tests)" \
    --gtest_filter="$sanitizer_filter" --gtest_brief=1 >"$work/$tool.log" 2>&1 || status=$?
  case $status in
    0) echo passed ;;
    124) echo "timed out; no fault until then" ;;
    *) failed=1; echo failed; tail -n 30 "$work/$tool.log" >&2 ;;
  esac >"$work/$tool"
  if [[ $status -eq 124 ]] && grep -q '^========= .*\(Invalid\|hazard\|Error\)' "$work/$tool.log"; then
    failed=1
    echo failed >"$work/$tool"
  fi
}

run_benchmarks() {
  if [[ ! -x $(program_path cudenza_bench) ]]; then return 0; fi
  say "benchmarks"
  if ! "$(program_path cudenza_bench)" --benchmark_filter=cuda --benchmark_out="$work/bench.json" --benchmark_out_format=json \
       2>"$work/bench.log" | tee "$work/bench.txt"; then
    failed=1
    rm -f "$work/bench.json"
    tail -n 5 "$work/bench.log" >&2
  fi
}

# bench/torch_bench.py prints JSON on stdout and a table on stderr. It gets the host's own library path.
run_torch() {
  local -x LD_LIBRARY_PATH=$host_library_path
  if [[ ! -f $root/bench/torch_bench.py ]]; then return 0; fi
  if ! python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then return 0; fi
  say "the same in PyTorch"
  if ! python3 "$root/bench/torch_bench.py" >"$work/torch.json" 2> >(tee "$work/torch.txt" >&2); then
    failed=1
    rm -f "$work/torch.json"
  fi
}

# --- the result

json_string() {
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\t'/ }
  printf '"%s"' "${text//$'\n'/\\n}"
}

json_strings() {  # a line each on stdin
  local line comma=
  printf '['
  while read -r line; do printf '%s%s' "$comma" "$(json_string "$line")"; comma=', '; done
  printf ']'
}

file_or_null() { if [[ -s $1 ]]; then cat "$1"; else echo null; fi; }

write_json() {
  local passed failures skipped
  read -r passed failures skipped <<<"$(tail -n 1 "$work/tests" | tr -cd '0-9 ')"
  cat <<JSON
{
"made_by": "cudenza gpu-check",
"date": $(json_string "$(date -u +%Y-%m-%dT%H:%M:%SZ)"),
"card": $(json_string "$card"),
"driver": $(json_string "$driver"),
"commit": $(json_string "$commit"),
"info": $("$(program_path cudenza)" info --json),
"tests": {"passed": $passed, "failed": $failures, "skipped": $skipped, "seconds": $test_seconds,
          "failures": $(sed -n 's/^FAILED  //p' "$work/tests" | json_strings),
          "skipped_because": $(sed -n 's/^of the skipped, //p' "$work/tests" | json_strings)},
"sanitizer": {"memcheck": $(json_string "$(<"$work/memcheck")"), "racecheck": $(json_string "$(<"$work/racecheck")")},
"benchmarks": $(file_or_null "$work/bench.json"),
"pytorch": $(file_or_null "$work/torch.json")
}
JSON
}

write_table() {
  echo "# $card"
  echo
  echo "| what | result |"
  echo "| --- | --- |"
  echo "| date | $(date -u +%Y-%m-%d) |"
  echo "| driver | $driver |"
  echo "| commit | $commit |"
  echo "| tests | $(tail -n 1 "$work/tests") |"
  echo "| memcheck | $(<"$work/memcheck") |"
  echo "| racecheck | $(<"$work/racecheck") |"
  sed -n 's/^FAILED  \(.*\)/| failed | \1 |/p' "$work/tests"
  printf '\n```\n%s\n```\n' "$("$(program_path cudenza)" info)"
  if [[ -s $work/bench.txt ]]; then printf '\n## Benchmarks\n```\n%s\n```\n' "$(<"$work/bench.txt")"; fi
  if [[ -s $work/torch.txt ]]; then printf '\n## PyTorch\n```\n%s\n```\n' "$(<"$work/torch.txt")"; fi
}

gpu_check() {
  local work card driver commit name host_library_path failed=0 test_seconds=0 status wait_for=() results=$root/results
  host_library_path=${LD_LIBRARY_PATH:-}
  require_gpu
  is_bundle || results=$root/bench/results
  work=$(mktemp -d)
  trap 'rm -rf "'"$work"'"' EXIT
  card=$("$(program_path cudenza)" info | sed -n 's/^cuda:0 *\([^,]*\),.*/\1/p')
  driver=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader --id=0 2>/dev/null || echo unknown)
  commit=$("$(program_path cudenza)" info --json | sed -n 's/^ *"commit": "\(.*\)",$/\1/p')
  if ! is_bundle && [[ -n $(git -C "$root" status --porcelain 2>/dev/null) ]]; then commit+=" with local changes"; fi
  run_device_tests
  sanitize memcheck
  sanitize racecheck
  run_benchmarks
  run_torch
  name=gpu-check-$(tr -cs '[:alnum:]' - <<<"${card,,}" | sed 's/^-*//; s/-*$//')-$(date -u +%Y%m%d-%H%M)
  mkdir -p "$results"
  write_json >"$results/$name.json"
  write_table >"$results/$name.md"
  say "wrote $results/$name.json and $name.md"
  return "$failed"
}
