# shellcheck shell=bash disable=SC2154  # root and build are set by ./run
# Sourced by ./run: where the programs of this checkout or bundle are, and the libraries of this host that a bundle goes without.

program_path() { if is_bundle; then echo "$root/libexec/$1"; else echo "$build/bin/$1"; fi; }

# Folders that may hold them: toolkits, and the wheels that pip puts under site-packages/nvidia; a line each, folders with colons
# between. A line is of use only as a whole: a cuDNN of one CUDA and a cuBLAS of another do not go together.
cuda_library_families() {
  local folder prefix python link  # a virtual environment's python3 links to the one that it was made of
  for folder in "${CUDA_HOME:-}" "${CUDA_PATH:-}" /usr/local/cuda /usr/local/cuda-*; do
    if [[ -n $folder && -d $folder/lib64 ]]; then echo "$folder/lib64"; fi
  done
  python=$(command -v python3 || echo /usr/bin/python3)
  link=$(readlink -f "$python")
  for prefix in "${VIRTUAL_ENV:-/usr}" "${CONDA_PREFIX:-/usr}" "${python%/bin/*}" "${link%/bin/*}" "$HOME/.local" /usr/local \
    /opt/*; do
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
