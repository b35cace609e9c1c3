# shellcheck shell=bash disable=SC2154,SC2016  # root and jobs are of ./run; what is quoted is meant as it stands
# Sourced by ./run: the exercises of kernels/course, on any machine with g++. What judges is built once, in build-course/; an
# exercise is compiled to a library, which the judge loads. The learner works on copies, in kernels/course/mine/.

course_build=$(realpath -m "${CUDENZA_COURSE_BUILD:-$root/build-course}")
course_mine=$(realpath -m "${CUDENZA_COURSE_DIR:-$root/kernels/course/mine}")
course_judge=$course_build/course_judge
course_flags=(-std=c++20 -O1 -g -I. -DCUDENZA_SIMT=1 -DCUDENZA_GPU=1)
course_seconds=${CUDENZA_COURSE_SECONDS:-20}  # for one judgement; far more than a loop that ends can take
course_lines=40  # of what a kernel prints

course_usage() { die "usage: ./run course [NUMBER [--solution]]; NUMBER is 1 to 20"; }

# Of the judge's sources, below $root: those whose object is missing, or older than the source or a header.
stale_course_sources() {
  local source object
  for source in kernels/simt/*.cpp kernels/course/judge/*.cpp; do
    object=$course_build/objects/$(basename "$source" .cpp).o
    if [[ -f $object && ! $source -nt $object ]]; then
      [[ -n $(find kernels/{simt,common,course} -name '*.h' -newer "$object") ]] || continue
    fi
    echo "$source"
  done
}

build_judge() {
  local stale compiler=(g++)
  cd "$root" || exit
  need_command g++
  mkdir -p "$course_build/objects"
  mapfile -t stale < <(stale_course_sources)
  if [[ ${#stale[@]} -eq 0 && -x $course_judge ]]; then return; fi
  say "building the judge in $course_build: half a minute, this once"
  if command -v ccache >/dev/null; then compiler=(ccache g++); fi
  printf '%s\n' "${stale[@]}" | xargs -r -P "$jobs" -I{} sh -c '
    source=$1 objects=$2; shift 2; exec "$@" -c "$source" -o "$objects/$(basename "$source" .cpp).o"
  ' sh {} "$course_build/objects" "${compiler[@]}" "${course_flags[@]}" || die "the judge could not be built"
  g++ -rdynamic "$course_build"/objects/*.o -ldl -o "$course_judge" || die "the judge could not be linked"
}

exercise_file() { compgen -G "$root/kernels/course/$(printf '%02d' "$1")_*.cu"; }
title_of() { sed -n '1s|^// Exercise [0-9]*: \(.*\)\.$|\1|p' "$1"; }
is_untouched() { [[ ! -f $2 ]] || cmp -s "$1" "$2"; }

# compile_exercise FILE LIBRARY. Without -fno-tree-sra GCC would make four loads of one load of 16 bytes, where its elements are
# used one by one. Linked without -fsanitize=thread, whose runtime must not come along, and with inline functions of its own, not
# the judge's, which are not traced.
compile_exercise() {
  local file=${1#"$root"/} object=${2%.so}.o
  local flags=("${course_flags[@]}" -fPIC -fsanitize=thread -fno-tree-sra -w -Wfatal-errors -x c++)
  g++ "${flags[@]}" -c "$file" -o "$object" && g++ -shared -Wl,-Bsymbolic "$object" -o "$2"
}

explain() {
  printf 'wrong\n  %s\n  next: %s\n' "$1" "$2"
  if [[ $# -gt 2 ]]; then printf '    %s\n' "$3"; fi
}

# What the judge made of it, by its exit status, if it left no verdict: it came to no end.
wrong_by() {
  case $1 in
    124) explain "no answer within $course_seconds seconds" "does every loop come to its end, for every thread?" ;;
    136) explain "the kernel ended by signal 8" "an integer is divided by 0, or % 0 is taken of one" ;;
    139) explain "a crash: signal 11" "did the function that launches, which runs on the host, touch an array of the device?" \
           "Only kernels may. Arrays of a thread itself (float v[4]) are not watched: look at their indices." ;;
    *) explain "the program ended with $1" "take back your last change, and look what it did" ;;
  esac
}

# judge_file NUMBER FILE: prints what the kernel printed, and the verdict or g++'s first error. 0 passed, 1 wrong, 2 slow.
judge_file() {
  local stem=$course_build/$1 status=0 title
  title="$1 $(title_of "$(exercise_file "$1")"): "
  rm -f "$stem.verdict"
  if ! compile_exercise "$2" "$stem.so" 2>"$stem.errors"; then
    echo "${title}wrong"
    grep -v '^compilation terminated' "$stem.errors"
    echo "  next: the compiler's first error; look at that line and the one before it"
    return 1
  fi
  (ulimit -f 20000 && timeout "$course_seconds" "$course_judge" "$1" "$stem.so" "$stem.verdict") >"$stem.said" 2>&1 || status=$?
  head -n "$course_lines" "$stem.said" | sed 's/^/  | /'
  if [[ ! -s $stem.verdict ]]; then wrong_by "$status" >"$stem.verdict"; fi
  printf '%s' "$title"
  cat "$stem.verdict"
  [[ $status -eq 0 || $status -eq 2 ]] || status=1
  return "$status"
}

key_of() { cat "$1" "$course_judge" | cksum; }

# judge_copy NUMBER COPY: judge_file, whose verdict is kept for the list.
judge_copy() {
  local state=wrong status=0
  judge_file "$1" "$2" || status=$?
  if [[ $status -eq 0 ]]; then state=passed; elif [[ $status -eq 2 ]]; then state="right, but slow"; fi
  printf '%s\n%s\n' "$(key_of "$2")" "$state" >"$course_build/$1.state"
  return "$status"
}

# The state of a copy: as it was judged last, unless the copy or the judge has changed since.
state_of() {
  local kept=$course_build/$1.state
  if [[ ! -f $kept || $(head -n 1 "$kept") != "$(key_of "$2")" ]]; then judge_copy "$1" "$2" >/dev/null || true; fi
  tail -n 1 "$kept"
}

list_exercises() {
  local number original copy state passed=0 next=
  for ((number = 1; number <= 20; ++number)); do
    original=$(exercise_file "$number") copy=$course_mine/$(basename "$original") state=untouched
    if ! is_untouched "$original" "$copy"; then state=$(state_of "$number" "$copy"); fi
    if [[ $state = passed ]]; then passed=$((passed + 1)); else next=${next:-$number}; fi
    printf '%2d  %-52s%s\n' "$number" "$(title_of "$original")" "$state"
  done
  say "$passed of 20 passed${next:+; next: ./run course $next}. Your files: ${course_mine#"$root"/}/"
}

say_what_is_next() {
  local number=$1 original=$2 copy=$3 status=$4
  if [[ $status -eq 0 ]]; then
    say "a solution, and where this project does the same: ${original/course\//course/solutions/}"
    if [[ $number -lt 20 ]]; then say "next: ./run course $((number + 1))"; else say "that was the last one"; fi
  elif is_untouched "$original" "$copy"; then
    say "untouched: read $copy, fill in what is marked TODO, and come again"
  fi
}

judge_exercise() {
  local number=$1 solution=$2 original copy status=0
  original=$(exercise_file "$number")
  copy=$course_mine/$(basename "$original")
  if [[ $solution = yes ]]; then
    judge_file "$number" "$root/kernels/course/solutions/$(basename "$original")"
    return
  fi
  if [[ ! -f $copy ]]; then
    mkdir -p "$course_mine"
    cp "$original" "$copy"
  fi
  judge_copy "$number" "$copy" || status=$?
  say_what_is_next "$number" "${original#"$root"/}" "${copy#"$root"/}" "$status"
  return "$status"
}

course() {
  local number='' solution=no word
  for word in "$@"; do
    case $word in
      --solution) solution=yes ;;
      [1-9] | 0[1-9] | 1[0-9] | 20) number=$((10#$word)) ;;
      *) course_usage ;;
    esac
  done
  build_judge
  if [[ -n $number ]]; then
    judge_exercise "$number" "$solution"
  elif [[ $solution = no ]]; then
    list_exercises
  else
    course_usage
  fi
}
