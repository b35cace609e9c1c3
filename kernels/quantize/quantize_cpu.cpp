#include <cstring>

#include "kernels/common/parallel.h"
#include "kernels/quantize/quantize.h"
#include "kernels/simd/rounding.h"

namespace cudenza::kernels {
namespace {

constexpr int kLanes = kSimd<float>;

/// Fewer than a register's elements, through whole ones.
template <class From, class To, class F> void rest(const From* from, To* to, int64_t count, F&& f) {
  From in[kLanes] = {};
  To out[kLanes];
  std::memcpy(in, from, static_cast<size_t>(count) * sizeof(From));
  f(in, out);
  std::memcpy(to, out, static_cast<size_t>(count) * sizeof(To));
}

/// Calls f(from, to) for every register of elements.
template <class From, class To, class F> void for_registers(const From* from, To* to, int64_t count, F&& f) {
  parallel_ranges(
      count, 1,
      [&](int64_t begin, int64_t end) {
        int64_t i = begin;
        for (; i + kLanes <= end; i += kLanes) f(from + i, to + i);
        if (i < end) rest(from + i, to + i, end - i, f);
      },
      4 * kLanes);
}

}  // namespace

template <class T> void quantize(Cpu, const T* x, uint8_t* bytes, int64_t count, ByteScale s) {
  const Simd<float> inverse = simd_all(1 / s.scale), zero = simd_all(static_cast<float>(s.zero));
  for_registers(x, bytes, count,
                [=](const T* from, uint8_t* to) { simd_store_bytes(to, simd_fma(simd_load(from), inverse, zero)); });
}

template <class T> void dequantize(Cpu, const uint8_t* bytes, T* x, int64_t count, ByteScale s) {
  const Simd<float> scale = simd_all(s.scale);
  for_registers(bytes, x, count, [=](const uint8_t* from, T* to) {
    simd_store(to, __builtin_convertvector(simd_widened<float>(from) - s.zero, Simd<float>) * scale);
  });
}

template void quantize(Cpu, const float*, uint8_t*, int64_t, ByteScale);
template void quantize(Cpu, const bf16*, uint8_t*, int64_t, ByteScale);
template void dequantize(Cpu, const uint8_t*, float*, int64_t, ByteScale);
template void dequantize(Cpu, const uint8_t*, bf16*, int64_t, ByteScale);

}  // namespace cudenza::kernels
