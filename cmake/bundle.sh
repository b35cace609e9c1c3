# shellcheck shell=bash disable=SC2154,SC2016  # root and build are set by ./run; what is quoted is meant as it stands
# Sourced by ./run: packs the programs, the shared libraries they need and the tests' data as one archive that can be unpacked
# anywhere. CUDA's own libraries are left out unless --with-cuda-libs asks for them: ./run in the bundle finds the host's.
#
#   bin/      scripts: ./run exec PROGRAM
#   libexec/  the programs      lib/  libraries, found through the programs' RPATH $ORIGIN/../lib
#   lib/gcc/  the C++ runtime, for hosts whose C library is not older than ours; older hosts use their own
#   run bench/ tests/  for ./run gpu-check      licenses/  of the libraries

bundled_programs=(cudenza cudenza_tests cudenza_bench cudenza_sums cudenza_quickstart cudnn_plans conv_engines)
# The system's C library cannot be carried along, and the driver's library belongs to the host's driver.
never_bundled='^(ld-linux.*|libc|libm|libmvec|libpthread|libdl|librt|libresolv|libutil|libcuda|libnvidia-.*)\.so'
compiler_owned='^lib(stdc\+\+|gcc_s)\.so'
cuda_owned='^lib(cudart|cublas|cublasLt|cudnn.*|cufft|cufftw|curand|cusolver|cusparse|nvrtc.*|nvJitLink|nccl|nvToolsExt)\.so'

# name <tab> path of every library that the programs given need, also indirectly.
needed_libraries() { ldd "$@" | awk '$2 == "=>" && $3 ~ /^\// { print $1 "\t" $3 }' | sort -u; }

copy_libraries() {
  local name path folder
  while IFS=$'\t' read -r name path; do
    if [[ $name =~ $never_bundled || $name =~ $cuda_owned ]]; then continue; fi
    if [[ $name =~ $compiler_owned ]]; then folder=lib/gcc; else folder=lib; fi
    install -m 644 "$(readlink -f "$path")" "$stage/$folder/$name"
    copy_license "$path"
  done < <(needed_libraries "${staged[@]}")
}

copy_license() {
  local package
  package=$(dpkg -S "$(readlink -f "$1")" "$1" "/usr$1" 2>/dev/null | head -n 1 | cut -d: -f1) || true
  if [[ -n $package && -f /usr/share/doc/$package/copyright ]]; then
    cp "/usr/share/doc/$package/copyright" "$stage/licenses/$package"
  fi
}

# The libraries of CUDA that the programs name, and those that they and cuDNN load by themselves, from the same folders.
copy_cuda_libraries() {
  local name path pattern
  while IFS=$'\t' read -r name path; do
    if [[ ! $name =~ $cuda_owned ]]; then continue; fi
    cp -L "$path" "$stage/lib/$name"
    for pattern in libcudnn_*.so.9 libcublas{,Lt}.so.[0-9]* libnvrtc.so.[0-9]* libnvrtc-builtins.so.[0-9]*; do
      compgen -G "$(dirname "$path")/$pattern" | xargs -r -d '\n' cp -Lt "$stage/lib"
    done
  done < <(needed_libraries "${staged[@]}")
}

# Stages the programs with their RPATH: an RPATH, not a RUNPATH, since only that holds for the libraries' libraries.
copy_programs() {
  local name
  for name in "${bundled_programs[@]}"; do
    if [[ ! -x $build/bin/$name ]]; then continue; fi
    install -m 755 "$build/bin/$name" "$stage/libexec/$name"
    strip "$stage/libexec/$name"
    staged+=("$build/bin/$name")
    patchelf --force-rpath --set-rpath "\$ORIGIN/../lib" "$stage/libexec/$name"
    printf '#!/bin/sh\nexec "$(dirname "$(readlink -f "$0")")/../run" exec %s "$@"\n' "$name" >"$stage/bin/$name"
    chmod 755 "$stage/bin/$name"
  done
}

copy_data() {
  local file
  cp "$root/run" "$root/LICENSE" "$stage/"
  if [[ -f $root/README.md ]]; then cp "$root/README.md" "$stage/"; fi
  mkdir -p "$stage/bench/results" "$stage/tests/fixtures" "$stage/tests/peers"
  if [[ -f $root/bench/results/predicted.csv ]]; then cp "$root/bench/results/predicted.csv" "$stage/bench/results/"; fi
  cp "$root"/bench/{gpu_check,gpu_check_several,host_libraries}.sh "$stage/bench/"
  for file in "$root"/bench/*.py; do if [[ -f $file ]]; then cp "$file" "$stage/bench/"; fi; done
  cp "$root/tests/summary.awk" "$stage/tests/"
  if [[ -f $root/tests/peers/ranks.py ]]; then cp "$root/tests/peers/ranks.py" "$stage/tests/peers/"; fi
  if [[ -d $root/tests/fixtures ]]; then cp -r "$root/tests/fixtures" "$stage/tests/"; fi
}

newest_glibc_asked_for() {
  objdump -T "$@" 2>/dev/null | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1 | cut -d_ -f2
}

bundle() {
  local with_cuda_libs=no cuda version stage archive staged=()
  case ${1:-} in
    '') ;;
    --with-cuda-libs) with_cuda_libs=yes ;;
    *) say "bundle: no such option: $1"; exit 2 ;;
  esac
  build
  need_command patchelf
  version=$("$build/bin/cudenza" --version)
  stage=$build/bundle/cudenza-$version-$(uname -m)
  archive=$build/$(basename "$stage").tar.gz
  rm -rf "$stage" && mkdir -p "$stage"/{bin,libexec,lib/gcc,licenses}
  cuda=$(needed_libraries "$build/bin/cudenza" | sed -n 's/^libcudart\.so\.\([0-9]*\).*/\1/p')
  if [[ -n $cuda ]]; then echo "$cuda" >"$stage/lib/cuda-major"; fi
  copy_programs
  copy_libraries
  newest_glibc_asked_for "$stage"/lib/gcc/* >"$stage/lib/gcc/glibc"
  if [[ $with_cuda_libs = yes ]]; then copy_cuda_libraries; fi
  copy_data
  tar -C "$(dirname "$stage")" --owner=0 --group=0 -cf - "$(basename "$stage")" | gzip >"$archive"
  say "wrote $archive ($(du -h "$archive" | cut -f1));" \
      "it needs glibc $(newest_glibc_asked_for "$stage"/lib{,exec}/*) or later${cuda:+, and CUDA $cuda}"
}
