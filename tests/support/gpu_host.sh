#!/usr/bin/env bash
# Stands in for the programs of a GPU host, each under the name of the link to it, so that all of `./run gpu-check` can be run
# through where there is no GPU (tests/gpu_check_test.cpp). It prints and writes what they do, and of $FAULTS what is asked for.
# Every call adds a line to $CALLS; $CUDENZA is the real program, which answers what needs no card.
set -euo pipefail

name=$(basename "$0")
echo "$name $*" >>"$CALLS"

asked_for() { [[ " ${FAULTS:-} " = *" $1 "* ]]; }

option() {  # NAME ARGUMENT…: the value behind --NAME
  local wanted=--$1
  shift
  while [[ $# -gt 0 && $1 != "$wanted" ]]; do shift; done
  echo "${2:-}"
}

bench_network() {
  local batch
  batch=$(option batch-size "$@")
  if asked_for little-memory && [[ $batch -gt 100 ]]; then
    echo "cudenza: the device has no memory for a batch of $batch" >&2
    exit 4
  fi
  printf '[{"bench": "%s", "model": "%s", "precision": "%s", "batch_size": %s, "images_per_s": 9000.0, "peak_bytes": 6e9, ' \
    "$2" "$(option model "$@")" "$(option precision "$@")" "$batch"
  printf '"first_step_s": 1.0, "per_step": {"replays": 1.0, "allocations": 0.0, "synchronisations": 0.0}}]\n'
}

cudenza() {
  case $* in
    'info --device cuda')
      if ! asked_for no-gpu; then return; fi
      echo 'cudenza: no GPU can be used: the driver is older than CUDA 13; use --device cpu' >&2
      exit 4 ;;
    'info')
      echo 'cuda:0       NVIDIA Stand-In, compute capability 9.0, 132 multiprocessors, 80.0 GiB'
      if asked_for three-gpus; then printf 'cuda:%s       NVIDIA Stand-In\n' 1 2; fi ;;
    'bench goals '* | 'info --json') exec "$CUDENZA" "$@" ;;
    'bench train '* | 'bench infer '*) bench_network "$@" ;;
    *) exit 2 ;;
  esac
}

report() { (IFS=$'\t'; echo "$*" >>"$CUDENZA_TEST_REPORT"); }

cudenza_tests() {
  local first=Shard$GTEST_SHARD_INDEX.First second=Shard$GTEST_SHARD_INDEX.Second
  report process cudenza_tests
  if asked_for no-tests; then return; fi
  report started "$first"
  report passed "$first"
  if [[ $GTEST_SHARD_INDEX -ne 3 ]]; then return; fi
  report started "$second"
  if asked_for crash; then kill -SEGV $$; fi
  if asked_for failure; then report failed "$second"; exit 1; fi
  report skipped "$second" 'another card'
}

cudenza_bench() {
  local argument
  for argument in "$@"; do
    case $argument in
      --benchmark_list_tests=true) printf '%s/forward/cuda:0/f32/manual_time\n' relu/large relu/small mixup/x ;;
      --benchmark_out=*)
        echo 'relu/large/forward/cuda:0/f32 2600 GB/s'
        echo '{"benchmarks": [{"name": "relu/large/forward/cuda:0/f32/manual_time", "share_of_copy": 0.9}]}' >"${argument#*=}" ;;
    esac
  done
}

compute_sanitizer() {
  local status=0
  echo '========= COMPUTE-SANITIZER'
  while [[ $1 != */cudenza_tests ]]; do shift; done
  "$@" || status=$?
  if asked_for hazard; then echo '========= Invalid __global__ write of size 4 bytes'; status=99; fi
  if asked_for slowness; then sleep 60; fi
  return "$status"
}

mpirun() {  # -n RANKS OPTION… PROGRAM ARGUMENT…: the program once, told how many it is to be
  export RANKS=$2
  while [[ $1 != */libexec/* ]]; do shift; done
  "$@"
}

cudenza_sums() {
  printf '[{"ranks": %s, "device": "cuda:0", "bytes": %s, "seconds_median": 2e-05, "bus_gb_per_s": 0.05}]\n' "$RANKS" 1024
}

all_reduce_perf() {
  printf '#       size         count    type   redop    root     time   algbw   busbw #wrong\n'
  printf '        1024           256   float     sum      -1    15.00    0.07    0.06      0\n'
}

ranks_py() {
  case $* in
    *--weak*) echo '| resnet50 | 2 | 128 | 90 % |'; echo '[{"ranks": 2, "efficiency": 0.9}]' >"$(option json "$@")" ;;
    *) echo '| resnet34 | 2 ranks of 1 thread |'; echo '[{"ranks": 2, "loss": 1e-05}]' >"$(option json "$@")" ;;
  esac
}

python3() {
  local what
  case $* in
    *h5py*) asked_for h5py ;;
    -c*) asked_for torch ;;
    *peers/ranks.py*) ranks_py "$@" ;;
    *torch_bench.py) echo '{"benchmarks": []}' ;;
    *networks.py*)
      what='"bench": "train", "model": "resnet50", "precision": "fp16", "batch_size": 256'
      { printf '{%s, "variant": "eager", "ours": {%s, "images_per_s": 8000.0, "peak_bytes": 6e9}, ' "$what" "$what"
        printf '"torch": {"images_per_s": 5000.0, "peak_bytes": 1e10}}\n'
      } >>"$(option lines "$@")"
      echo 'train  resnet50  1.60x' ;;
  esac
}

case $name in
  ldd) echo 'libm.so.6 => /lib/libm.so.6' ;;
  nproc) echo 16 ;;
  nvidia-smi) echo 580.0 ;;
  nsys) echo 'cudaGraphLaunch 1' ;;
  compute-sanitizer) compute_sanitizer "$@" ;;
  cudenza | cudenza_tests | cudenza_bench | cudenza_sums | all_reduce_perf | mpirun | python3) "$name" "$@" ;;
esac
