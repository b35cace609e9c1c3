# shellcheck shell=bash disable=SC2154  # root and work are set by ./run and gpu_check.sh
# Sourced by ./run beside gpu_check.sh: its part for machines with several GPUs. They are summed between and trained on together,
# beside one of them, and beside NVIDIA's nccl-tests (all_reduce_perf) where those are installed.

# Why several GPUs cannot be tried here; nothing where they can.
why_not_several() {
  if [[ $gpus -lt 2 ]]; then
    echo "needs two GPUs, and here is one"
  elif ! command -v mpirun >/dev/null; then
    echo "needs mpirun, which starts a process for each of the $gpus GPUs"
  fi
}

on_gpus() {  # GPUS COMMAND…: a process for each
  local -x OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  mpirun -n "$1" --oversubscribe --bind-to none "${@:2}"
}

# Two GPUs, four, eight, … and all.
numbers_of_gpus() {
  local number
  for ((number = 2; number < gpus; number *= 2)); do echo "$number"; done
  echo "$gpus"
}

compare_ranks() {  # NAME ARGUMENT…
  into "$1.txt" python3 "$root/tests/peers/ranks.py" "$(program_path cudenza)" --device cuda \
    --ranks "$(numbers_of_gpus | paste -sd,)" --json "$work/$1.json" "${@:2}"
}

all_several() {
  local number why gpus
  gpus=$("$(program_path cudenza)" info | grep -c '^cuda:[0-9]')
  why=$(why_not_several)
  echo "${why:-$gpus GPUs}" >"$work/several"
  if [[ -n $why ]]; then say "several: $why"; return 0; fi
  for number in $(numbers_of_gpus); do
    step "sums-$number" 60 into "sums-$number.json" on_gpus "$number" "$(program_path cudenza_sums)" --device cuda --json
    if command -v all_reduce_perf >/dev/null; then
      step "nccl-tests-$number" 60 into "nccl-tests-$number.txt" all_reduce_perf -b 1K -e 256M -f 4 -g "$number"
    fi
  done
  if python3 -c 'import h5py, numpy' 2>/dev/null; then
    step ranks-equal 120 compare_ranks ranks-equal
    step ranks-weak 120 compare_ranks ranks-weak --weak --models resnet50 --batch 64 --clips 5120 --image-size 224 \
      --precision fp16
  else
    say "several: no python3 with h5py and numpy: training on one GPU and on several is not compared"
  fi
}

# Bus bandwidths by sizes: ours, and nccl-tests' of the same size where that was measured.
write_sums() {
  local file number
  for file in "$work"/sums-*.json; do
    if [[ ! -s $file ]]; then continue; fi
    number=$(basename "$file" .json)
    number=${number#sums-}
    printf '\n## Sums between %s GPUs\n\n| bytes | us | bus GB/s | nccl-tests, GB/s |\n|---|---|---|---|\n' "$number"
    # A line of nccl-tests begins: size count type redop root time algbw busbw (of calls out of place; us, GB/s).
    { awk '/^ *[0-9]/ { print "theirs", $1, $8 }' "$work/nccl-tests-$number.txt" 2>/dev/null || true
      tr -d '[]{}",:' <"$file" | awk 'NF > 9 { print "ours", $6, $8, $10 }'
    } | awk '$1 == "theirs" { theirs[$2] = $3 } $1 == "ours" { printf "| %d | %.1f | %s | %s |\n", $2, 1e6 * $3, $4, theirs[$2] }'
  done
}

# Training on one GPU beside several, as tests/peers/ranks.py prints it.
write_ranks() {
  if [[ -s $work/$2 ]]; then printf '\n## %s\n\n%s\n' "$1" "$(<"$work/$2")"; fi
}
