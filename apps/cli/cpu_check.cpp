/// Says in words what would else be "Illegal instruction": the rest of the program is compiled for AVX2 (x86-64-v3), and so
/// may be any constructor of a global object. This file is compiled for every x86-64 and comes before them all.
#include <unistd.h>

#if defined(CUDENZA_NEEDS_X86_64_V3)
namespace {

constexpr int kDeviceError = 4;  // exit_code.h may not be included: what it calls is compiled for AVX2

template <unsigned long size> void print(const char (&text)[size]) {
  if (write(STDERR_FILENO, text, size - 1) < 0) _exit(kDeviceError);
}

__attribute__((constructor(101))) void check_cpu() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) return;
  print(
      "cudenza: this CPU lacks AVX2, FMA or BMI2 (x86-64-v3), which this program was compiled for; build it here with\n"
      "  ./run build -DCUDENZA_CPU_ARCH=native\n");
  _exit(kDeviceError);
}

}  // namespace
#endif
