# shellcheck shell=bash disable=SC2154,SC2034  # root, build, jobs … are of ./run
# Sourced by ./run: the whole study in small, for somebody who has just cloned this. It builds the program alone, and shows one
# line that says what is going on; what its programs print is in build-demo/demo.log.

demo_out=$root/build-demo
demo_log=$demo_out/demo.log
shown_stage=

# The one line: written over on a terminal; elsewhere a line for each new stage.
show_stage() {
  local stage=$1 detail=$2 minutes=$((SECONDS / 60)) seconds=$((SECONDS % 60))
  if [[ -t 2 ]]; then
    printf '\r\033[K[%d:%02d] %s%s' "$minutes" "$seconds" "$stage" "${detail:+, $detail}" >&2
  elif [[ $stage != "$shown_stage" ]]; then
    printf '[%d:%02d] %s\n' "$minutes" "$seconds" "$stage" >&2
  fi
  shown_stage=$stage
}

clear_stage() { [[ ! -t 2 ]] || printf '\r\033[K' >&2; }

# What a line of a program's output says of how far it is: ninja's "[ 37%] …" and train's "    3  loss  loss  accuracy  time",
# where 3 is the epoch that has ended, counted from 0.
detail_of() {
  if [[ $1 =~ ^\[\ *([0-9]+)%\] ]]; then
    echo "${BASH_REMATCH[1]} %"
  elif [[ $1 =~ ^\ *epoch\  ]]; then
    echo "epoch 1/$demo_epochs"
  elif [[ $1 =~ ^\ +([0-9]+)\ +[0-9.]+\ +[0-9.]+\ +([01])\.([0-9]{2})([0-9]) ]]; then
    local next=$((BASH_REMATCH[1] + 2)) percent=$((10#${BASH_REMATCH[2]}${BASH_REMATCH[3]})).${BASH_REMATCH[4]}
    if [[ $next -gt $demo_epochs ]]; then echo "judging"; else echo "epoch $next/$demo_epochs, $percent % right so far"; fi
  fi
}

# Copies a program's output to the log, and shows the stage, once a second at least.
follow() {
  local stage=$1 line part='' detail='' news status
  show_stage "$stage" ''
  while true; do
    status=0
    IFS= read -r -t 1 line || status=$?
    part+=$line
    if [[ $status -gt 128 ]]; then  # a second has passed; what there is of a line is kept
      show_stage "$stage" "$detail"
      continue
    fi
    [[ $status -eq 0 ]] || break
    printf '%s\n' "$part" >>"$demo_log"
    news=$(detail_of "$part")
    detail=${news:-$detail} part=''
    show_stage "$stage" "$detail"
  done
}

# stage WHAT COMMAND…: ends the demo, with the end of the log, if the command fails.
stage() {
  local what=$1
  shift
  if ! "$@" 2>&1 </dev/null | follow "$what"; then
    clear_stage
    tail -n 30 "$demo_log" >&2
    die "$what failed; all of its output is in $demo_log"
  fi
}

# Where all has been built before, that program serves; else the demo's own is built, for a GPU only if there is one here.
choose_demo_build() {
  [[ -f $root/build/bin/cudenza ]] && return
  preset=demo build=$demo_out
  nvidia-smi -L >/dev/null 2>&1 || definitions=(-DCUDENZA_CUDA=OFF)
}

build_program() {
  find_nvcc || true
  if [[ ! -f $build/build.ninja ]]; then
    choose_backends
    configure
  fi
  NINJA_STATUS='[%p] ' cmake --build "$build" -j "$jobs" --target cudenza
}

# Names of files, each of another class, from a run's splits.csv (file,label,split): those that it was not trained on.
held_out_files() { awk -F, 'NF == 3 && $3 ~ /^(valid|test)/ && !seen[$2]++ { print $1 }' "$1/splits.csv"; }

# train_and_judge DATA JUDGED OPTION…: a run in build-demo/run, and its accuracy on JUDGED (of DATA itself, on what was kept from
# training).
train_and_judge() {
  local data=$1 judged=$2
  shift 2
  rm -rf "$demo_out/run"
  stage "training" "$build/bin/cudenza" train "$data" --out "$demo_out/run" --model resnet34 --recipe quick \
    --epochs "$demo_epochs" --shift 0.5 "$@"
  clear_stage
  "$build/bin/cudenza" eval "$demo_out/run" "$judged" --quiet >"$demo_out/eval.txt"
  head -n 1 "$demo_out/eval.txt"
}

demo() {
  [[ $# -le 1 ]] || die "one folder at most: ./run demo [DATA]"
  local data=${1:-} clips=$demo_out/clips unseen=$demo_out/unseen files
  parse_build_arguments
  mkdir -p "$demo_out"
  : >"$demo_log"
  choose_demo_build
  development_tools=() development_libraries=()
  stage "installing what a build needs" setup
  stage "building the program" build_program
  if [[ -z $data ]]; then
    demo_epochs=8
    stage "making clips of ten genres" "$build/bin/cudenza" synth "$clips" --clips 100 --seconds 6 --seed 1
    stage "making clips to judge by" "$build/bin/cudenza" synth "$unseen" --clips 20 --seconds 6 --seed 2
    train_and_judge "$clips" "$unseen" --sample-rate 22050 --image-size 64 --batch-size 16
    say "that was on 200 clips made with another seed; training saw none of them. The first of each genre:"
    files=("$unseen"/*/*.00000.wav)
  else
    demo_epochs=5
    train_and_judge "$data" "$data" --image-size 160 --noise --cutout --tta 4
    say "that was on what was kept from training. One of each class, and what the model calls it:"
    mapfile -t files < <(held_out_files "$demo_out/run" | head -n 10)
  fi
  "$build/bin/cudenza" predict "$demo_out/run" "${files[@]}" --top-k 2 | sed "s|^$demo_out/||"
  say "the report: $demo_out/run/report.html"
  say "of your own sound: $build/bin/cudenza predict $demo_out/run FILE"
}
