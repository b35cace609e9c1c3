# shellcheck shell=bash disable=SC2154,SC2016  # root and build are set by ./run; what is quoted is meant as it stands
# Sourced by ./run: all that can be proved and measured on a GPU host, from a checkout or an unpacked bundle, into one folder,
# one JSON and one table. Needs neither Python nor jq; where there is PyTorch, it is measured beside us.
#
#   gpu-check [tests] [sanitize] [bench] [peers] [several] [--minutes N] [--again]
#
# Every step leaves its files in the folder and is not done again: a call that --minutes or a fault has cut short goes on where
# it stopped.

sanitizer_seconds=${CUDENZA_SANITIZER_SECONDS:-600}  # that compute-sanitizer may take per tool: it is a hundred times slower
sanitizer_filter=${CUDENZA_SANITIZER_FILTER:-*GpuEqualsCpu*}

# --- steps: what is done once

time_left() { echo $((deadline - SECONDS)); }

# step NAME SECONDS COMMAND…: runs the command unless that was done before, or less time is left than it is likely to want.
step() {
  local name=$1 wants=$2
  shift 2
  if [[ -e $work/done/$name ]]; then return 0; fi
  if [[ $(time_left) -lt $wants ]]; then
    left_over+=("$name")
    return 0
  fi
  say "$name"
  if "$@"; then touch "$work/done/$name"; else failed=1; say "$name failed"; fi
}

# into FILE COMMAND…: the command's output in the folder, whole or not at all; what it says besides in FILE.log.
into() {
  local file=$work/$1
  shift
  if "$@" >"$file.part" 2>"$file.log"; then
    mv "$file.part" "$file"
    rm -f "$file.log"
  else
    tail -n 5 "$file.log" >&2
    return 1
  fi
}

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

# in_shards WORD COMMAND…: cudenza_tests, as COMMAND runs it, in several processes at once. Of each a report
# (tests/support/report.h) and a log in the folder as WORD.report.N and WORD.N.log, and its exit code in `statuses`.
in_shards() {
  local word=$1 shard shards threads wait_for=()
  shift
  shards=$(nproc)
  if [[ $shards -gt 8 ]]; then shards=8; fi  # each has its own context on the card
  threads=$(($(nproc) / shards))
  rm -f "$work/$word".report.* "$work/$word".*.log
  for ((shard = 0; shard < shards; ++shard)); do
    GTEST_TOTAL_SHARDS=$shards GTEST_SHARD_INDEX=$shard GTEST_BRIEF=1 OMP_NUM_THREADS=$threads \
      CUDENZA_TEST_REPORT=$work/$word.report.$shard "$@" >"$work/$word.$shard.log" 2>&1 &
    wait_for[shard]=$!
  done
  for ((shard = 0; shard < shards; ++shard)); do
    statuses[shard]=0
    wait "${wait_for[shard]}" || statuses[shard]=$?
  done
}

run_device_tests() {
  local started=$SECONDS shard outcome status=0 statuses=()
  in_shards tests "$(program_path cudenza_tests)"
  for shard in "${!statuses[@]}"; do
    if [[ ${statuses[shard]} -eq 0 ]]; then outcome=run; else outcome=fail; fi
    printf 'entry\ttests.report.%s\t%s\n' "$shard" "$outcome"
  done >"$work/entries"
  awk -f "$root/tests/summary.awk" "$work/entries" "$work"/tests.report.* >"$work/tests" || status=1
  echo $((SECONDS - started)) >"$work/test-seconds"
  cat "$work/tests"
  return "$status"
}

sanitizer_path() { command -v compute-sanitizer || compgen -G '/usr/local/cuda*/bin/compute-sanitizer' | tail -n 1; }

# sanitize TOOL: what it found, in words, in $work/TOOL. A test that it has no time for is no failure; none at all is one.
sanitize() {
  local tool=$1 seconds=$sanitizer_seconds sanitizer options=() status statuses=() late=no fault=no passed
  if ! sanitizer=$(sanitizer_path); then echo absent >"$work/$tool"; return; fi
  if [[ $(time_left) -lt $((seconds + 10)) ]]; then seconds=$(($(time_left) - 10)); fi
  # The engine checks each of its own calls; what libraries ask of the driver to learn whether it can, is no fault.
  if [[ $tool = memcheck ]]; then options=(--report-api-errors no); fi
  in_shards "$tool" timeout --kill-after=10 "$seconds" "$sanitizer" --tool "$tool" "${options[@]}" --error-exitcode 99 \
    "$(program_path cudenza_tests)" --gtest_filter="$sanitizer_filter"
  for status in "${statuses[@]}"; do
    case $status in 0) ;; 124 | 137) late=yes ;; *) fault=yes ;; esac
  done
  if grep -Eq '^========= (Invalid|Misaligned|Barrier error|Error:|.*hazard detected)' "$work/$tool".*.log; then fault=yes; fi
  passed=$(cat "$work/$tool".report.* 2>/dev/null | grep -c '^passed') || true
  if [[ $fault = no && $late = yes ]]; then
    echo "stopped after $seconds s; $passed tests without a fault until then" >"$work/$tool"
  elif [[ $fault = no && $passed -gt 0 ]]; then
    echo "$passed tests without a fault" >"$work/$tool"
  else
    echo failed >"$work/$tool"
    tail -n 30 "$work/$tool".*.log >&2
    return 1
  fi
}

# --- measurements of ours, which `cudenza bench goals` reads

bench_kernels() {  # FAMILY: one part of all names, so that a call can end between two
  "$(program_path cudenza_bench)" --benchmark_filter="^$1/.*(cuda|gpu:1)" --benchmark_out="$work/bench.part" \
    --benchmark_out_format=json >"$work/bench-$1.txt" 2>"$work/bench-$1.log" || return 1
  mv "$work/bench.part" "$work/bench-$1.json"
}

all_kernels() {
  local family
  while read -r family; do
    step "bench-$family" 60 bench_kernels "$family"
  done < <("$(program_path cudenza_bench)" --benchmark_list_tests=true --benchmark_filter='cuda|gpu:1' 2>/dev/null |
    cut -d/ -f1 | awk '!seen[$0]++')
}

bench_network() {  # BENCH MODEL PRECISION BATCH: a quarter of the batch where the card has no room
  local file=ours-$1-$2-$3-$4.json arguments=("$1" --model "$2" --precision "$3" --device cuda --seconds 2 --json)
  # As PyTorch beside it has cudnn.benchmark. For inference there would be a minute of compiling.
  if [[ $1 = train ]]; then arguments+=(--autotune); fi
  into "$file" "$(program_path cudenza)" bench "${arguments[@]}" --batch-size "$4" ||
    into "$file" "$(program_path cudenza)" bench "${arguments[@]}" --batch-size $((($4 + 3) / 4))
}

all_networks() {
  local model precision batch
  for precision in fp16 bf16; do
    for model in resnet50 resnet34 resnetrs50 vgg16 alexnet; do
      if [[ $model = alexnet ]]; then batch=128; else batch=256; fi
      step "train-$model-$precision" 40 bench_network train "$model" "$precision" "$batch"
      step "infer-$model-$precision" 30 bench_network infer "$model" "$precision" 256
    done
    step "latency-resnet50-$precision" 20 bench_network infer resnet50 "$precision" 1
  done
}

# From the start of the process to the first trained step: with no plans on disk, then with those that the first left there.
measure_start() {
  local cache command
  cache=$(mktemp -d)
  command=(env "XDG_CACHE_HOME=$cache" "$(program_path cudenza)" bench train --model resnet50 --precision fp16 --batch-size 64
           --device cuda --seconds 0 --json)
  local status=0
  into start-cold.json "${command[@]}" || status=1
  into start-warm.json "${command[@]}" || status=1
  rm -rf "$cache"
  return "$status"
}

# What the driver saw of a training, where NVIDIA's profiler is installed: its own count of launches, allocations and waits.
profile_steps() {
  command -v nsys >/dev/null || return 0
  into nsys.txt nsys profile --trace=cuda --stats=true --force-overwrite=true --output="$work/nsys" \
    "$(program_path cudenza)" bench train --model resnet50 --precision fp16 --batch-size 64 --device cuda --seconds 2
}

# --- PyTorch on the same card

has_torch() { python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; }

torch_networks() {
  local status=0 program=$build/bin/cudenza
  if is_bundle; then program=$root/bin/cudenza; fi
  python3 "$root/bench/networks.py" --goals --device cuda --program "$program" --seconds 2 \
    --lines "$work/networks.jsonl" --minutes "$(($(time_left) / 60))" >"$work/networks.txt" || status=$?
  if [[ $status -eq 3 ]]; then left_over+=(networks-beside-torch); return 1; fi
  return "$status"
}

# PyTorch gets the host's own library path; the program beside it finds its libraries by itself.
all_peers() {
  local -x LD_LIBRARY_PATH=$host_library_path
  if ! has_torch; then say "no PyTorch that sees the card: nothing to lay beside"; return 0; fi
  step ops-in-torch 120 into torch.json python3 "$root/bench/torch_bench.py"
  step networks-beside-torch 90 torch_networks
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

word_of() { if [[ -s $work/$1 ]]; then cat "$work/$1"; else echo "not run"; fi; }
file_or_null() { if [[ -s $work/$1 ]]; then cat "$work/$1"; else echo null; fi; }

json_array() {  # of the files given
  local file comma=
  printf '['
  for file in "$@"; do if [[ -s $file ]]; then printf '%s' "$comma"; cat "$file"; comma=,; fi; done
  printf ']'
}

json_tests() {
  local passed failures skipped
  if [[ ! -s $work/tests ]]; then echo null; return; fi
  read -r passed failures skipped <<<"$(tail -n 1 "$work/tests" | tr -cd '0-9 ')"
  cat <<JSON
{"passed": $passed, "failed": $failures, "skipped": $skipped, "seconds": $(word_of test-seconds),
 "failures": $(sed -n 's/^FAILED  //p' "$work/tests" | json_strings),
 "skipped_because": $(sed -n 's/^of the skipped, //p' "$work/tests" | json_strings)}
JSON
}

write_json() {
  cat <<JSON
{
"made_by": "cudenza gpu-check",
"date": $(json_string "$(date -u +%Y-%m-%dT%H:%M:%SZ)"),
"card": $(json_string "$card"),
"driver": $(json_string "$driver"),
"commit": $(json_string "$commit"),
"info": $("$(program_path cudenza)" info --json),
"goals": $(file_or_null goals.json),
"tests": $(json_tests),
"sanitizer": {"memcheck": $(json_string "$(word_of memcheck)"), "racecheck": $(json_string "$(word_of racecheck)")},
"networks": $(json_array "$work"/ours-*.json),
"start": {"cold": $(file_or_null start-cold.json), "warm": $(file_or_null start-warm.json)},
"kernels": $(json_array "$work"/bench-*.json),
"beside_pytorch": [$(paste -sd, "$work/networks.jsonl" 2>/dev/null || true)],
"pytorch_ops": $(file_or_null torch.json),
"several_gpus": {"outcome": $(json_string "$(word_of several)"), "sums": $(json_array "$work"/sums-*.json),
 "equality": $(file_or_null ranks-equal.json), "weak_scaling": $(file_or_null ranks-weak.json)}
}
JSON
}

# What bench/predict.py said of this card, beside what came out.
beside_prediction() {
  local list=$root/bench/results/predicted.csv file use model batch measured name said
  [[ -f $list ]] || return 0
  for file in "$work"/ours-*-fp16-*.json; do
    [[ -s $file ]] || continue
    IFS=- read -r _ use model _ batch <<<"$(basename "$file" .json)"
    if ! grep -q "\"batch_size\": *${batch}[,}]" "$file"; then continue; fi  # the card had no room for it
    measured=$(sed -n 's/.*"images_per_s": *\([0-9.]*\).*/\1/p' "$file" | head -n 1)
    while IFS=, read -r name said; do
      if [[ ${card,,} = *"${name,,}"* && -n $measured ]]; then
        awk -v said="$said" -v measured="$measured" -v what="$use $model, batch $batch" \
          'BEGIN { printf "| %s | %.0f | %.0f | %.2f |\n", what, said, measured, said / measured }'
      fi
    done < <(awk -F, -v model="$model" -v use="$use" -v batch="$batch" \
      '$2 == model && $3 == use && $4 == batch { print $1 "," $6 }' "$list")
  done
}

text_block() { if [[ -s $work/$2 ]]; then printf '\n## %s\n```\n%s\n```\n' "$1" "$(<"$work/$2")"; fi; }

write_table() {
  printf '# %s\n\n| what | result |\n| --- | --- |\n' "$card"
  printf '| %s | %s |\n' date "$(date -u +%Y-%m-%d)" driver "$driver" commit "$commit" tests "$(word_of tests | tail -n 1)" \
    memcheck "$(word_of memcheck)" racecheck "$(word_of racecheck)" 'several GPUs' "$(word_of several)"
  if [[ -s $work/tests ]]; then sed -n 's/^FAILED  \(.*\)/| failed | \1 |/p' "$work/tests"; fi
  printf '\n## Goals\n\n%s\n' "$(word_of goals.md)"
  beside_prediction >"$work/predicted"
  if [[ -s $work/predicted ]]; then
    printf '\n## Beside what was predicted (bench/predict.py)\n\n| fp16 | images a second, said | measured | said / measured |\n'
    printf '|---|---|---|---|\n%s\n' "$(<"$work/predicted")"
  fi
  printf '\n```\n%s\n```\n' "$("$(program_path cudenza)" info)"
  cat "$work"/bench-*.txt >"$work/kernels" 2>/dev/null || true
  text_block "Networks beside PyTorch" networks.txt
  text_block "Kernels" kernels
  text_block "What the driver saw" nsys.txt
  write_sums
  write_ranks 'One GPU beside several: the same numbers' ranks-equal.txt
  write_ranks 'One GPU beside several: each keeps its batch' ranks-weak.txt
}

# --- the whole

parse_check_arguments() {
  parts=()
  deadline=1000000000 again=no
  while [[ $# -gt 0 ]]; do
    case $1 in
      tests | sanitize | bench | peers | several) parts+=("$1") ;;
      --minutes) deadline=$((SECONDS + 60 * ${2:?--minutes needs a number})); shift ;;
      --again) again=yes ;;
      *) say "gpu-check knows the parts tests, sanitize, bench, peers and several, --minutes N and --again; not $1"; exit 2 ;;
    esac
    shift
  done
  if [[ ${#parts[@]} -eq 0 ]]; then parts=(tests sanitize bench peers several); fi
}

# The folder of this card and commit, in which an earlier call may have left steps done.
open_folder() {
  local results=$root/results version
  is_bundle || results=$root/bench/results
  card=$("$(program_path cudenza)" info | sed -n 's/^cuda:0 *\([^,]*\),.*/\1/p')
  driver=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader --id=0 2>/dev/null || echo unknown)
  commit=$("$(program_path cudenza)" info --json | sed -n 's/^ *"commit": "\(.*\)",$/\1/p')
  version=${commit:0:12}
  if ! is_bundle && [[ -n $(git -C "$root" status --porcelain 2>/dev/null) ]]; then
    commit+=" with local changes"
    version=local
  fi
  name=$results/gpu-check-$(tr -cs '[:alnum:]' - <<<"${card,,}" | sed 's/^-*//; s/-*$//')-$version
  work=$name.parts
  if [[ $again = yes ]]; then rm -rf "$work"; fi
  mkdir -p "$work/done"
  echo "$card" >"$work/card"
}

gpu_check() {
  local work name card driver commit parts deadline again host_library_path failed=0 left_over=()
  host_library_path=${LD_LIBRARY_PATH:-}
  parse_check_arguments "$@"
  require_gpu
  open_folder
  local part
  for part in "${parts[@]}"; do
    case $part in
      tests) step tests 60 run_device_tests ;;
      sanitize) step memcheck 120 sanitize memcheck; step racecheck 120 sanitize racecheck ;;
      bench) step start 60 measure_start; all_networks; all_kernels; step profile 60 profile_steps ;;
      peers) all_peers ;;
      several) all_several ;;
    esac
  done
  into goals.json "$(program_path cudenza)" bench goals "$work" --json || failed=1
  into goals.md "$(program_path cudenza)" bench goals "$work" || failed=1
  write_json >"$name.json"
  write_table >"$name.md"
  say "wrote $name.json and $(basename "$name").md"
  if [[ ${#left_over[@]} -gt 0 ]]; then
    say "left for the next call, for want of time: ${left_over[*]}"
    return 3
  fi
  return "$failed"
}
