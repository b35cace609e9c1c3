#!/usr/bin/env bash
# run.sh BUILD SECONDS [NAME…]: builds and runs the fuzzers (all, or those named) for so long each, two at a time, from seeds
# made of the fixtures. What they find lies in BUILD/fuzz/NAME/crash-*.
set -euo pipefail
root=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../..
fixtures=$root/tests/fixtures/weights
build=$1 seconds=$2
shift 2
names=("$@")
[[ ${#names[@]} -gt 0 ]] || names=(pickle safetensors torch_stream torch_tar torch_zip onnx keras weight_source checkpoint
  quantized)

# What a reader may be given to begin with: the fixtures of its container; for pickles, those inside the zip archives.
make_seeds() {
  local name=$1 seeds=$2 file
  mkdir -p "$seeds"
  case $name in
    pickle)
      for file in "$fixtures"/*_zip.pth; do
        unzip -p "$file" '*/data.pkl' >"$seeds/$(basename "$file" .pth).pkl"
      done ;;
    safetensors) cp "$fixtures"/*.safetensors "$seeds" ;;
    onnx) cp "$fixtures"/*.onnx "$seeds" ;;
    keras | quantized) ;;  # a list of answers, which grows by itself
    checkpoint) CUDENZA_SEEDS=$seeds "$build/bin/cudenza_fuzz_checkpoint" -runs=0 >/dev/null 2>&1 ;;
    torch_*) cp "$fixtures"/*_"${name#torch_}".pth "$seeds" ;;
    *) cp "$fixtures"/* "$seeds" ;;
  esac
}

fuzz() {
  local name=$1 folder=$build/fuzz/$1
  make_seeds "$name" "$folder/seeds"
  mkdir -p "$folder/corpus"
  # HDF5's files are larger, and the library behind them forgets memory when it refuses one.
  local limits=(-max_len=16384)
  [[ $name != checkpoint && $name != quantized ]] || limits=(-max_len=65536 -detect_leaks=0)
  TMPDIR=$memory nice -n 19 "$build/bin/cudenza_fuzz_$name" -max_total_time="$seconds" -rss_limit_mb=1024 -timeout=20 \
    "${limits[@]}" -print_final_stats=1 -artifact_prefix="$folder/" "$folder/corpus" "$folder/seeds" >"$folder/log" 2>&1 ||
    { echo "fuzz: $name found something: $folder/log" >&2; return 1; }
  echo "$name: $(grep -E 'number_of_executed_units|peak_rss' "$folder/log" | awk '{ printf "%s %s  ", $1, $2 }')"
}

for name in "${names[@]}"; do
  cmake --build "$build" --target "cudenza_fuzz_$name"
done
memory=$(mktemp -d -p /dev/shm)  # checkpoints are written thousands of times
trap 'rm -rf "$memory"' EXIT
status=0
for name in "${names[@]}"; do
  while [[ $(jobs -rp | wc -l) -ge 2 ]]; do wait -n || status=1; done
  fuzz "$name" &
done
while [[ $(jobs -p | wc -l) -gt 0 ]]; do wait -n || status=1; jobs >/dev/null; done
exit $status
