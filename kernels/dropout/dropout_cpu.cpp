#include "kernels/common/philox_words.h"
#include "kernels/common/streaming.h"
#include "kernels/dropout/dropout.h"
#include "kernels/dropout/dropout_math.h"

namespace cudenza::kernels {
namespace {

constexpr int kStretch = 256;  // elements whose words are made together

}  // namespace

template <class T> void dropout(Cpu, const T* x, T* y, int64_t count, double p, const RandomStream& stream) {
  using A = acc_t<T>;
  const auto fill = [=, seed = stream.seed, op = stream.op, step = stream.step ? *stream.step : 0](T* place, int64_t begin,
                                                                                                   int64_t end) {
    const DropRule<A> rule(p);
    alignas(64) uint32_t words[kStretch];
    for (int64_t first = begin; first < end; first += kStretch) {
      philox_words(seed, op, step, static_cast<uint64_t>(first / 4), kStretch / 4, words);
      const int64_t length = smaller<int64_t>(kStretch, end - first);
#pragma omp simd
      for (int64_t i = 0; i < length; ++i) place[first - begin + i] = static_cast<A>(x[first + i]) * rule.factor(words[i]);
    }
  };
  parallel_fill(y, count, 8, fill);  // its pieces begin at multiples of kStretch
}

template <class T>
void drop_path(Cpu, const T* x, T* y, int64_t samples, int64_t sample_size, double p, const RandomStream& stream) {
  using A = acc_t<T>;
  const DropRule<A> rule(p);
  // Pieces of elements, not of samples: one sample, too, is shared among the threads.
  parallel_fill(y, samples * sample_size, 1, [=](T* place, int64_t begin, int64_t end) {
    for (int64_t first = begin; first < end;) {
      const int64_t sample = first / sample_size, length = smaller((sample + 1) * sample_size, end) - first;
      const A factor = rule.factor(random_word(stream, sample));
#pragma omp simd
      for (int64_t i = 0; i < length; ++i) place[first - begin + i] = static_cast<A>(x[first + i]) * factor;
      first += length;
    }
  });
}

template void dropout(Cpu, const float*, float*, int64_t, double, const RandomStream&);
template void dropout(Cpu, const bf16*, bf16*, int64_t, double, const RandomStream&);
template void dropout(Cpu, const f16*, f16*, int64_t, double, const RandomStream&);
template void dropout(Cpu, const double*, double*, int64_t, double, const RandomStream&);
template void drop_path(Cpu, const float*, float*, int64_t, int64_t, double, const RandomStream&);
template void drop_path(Cpu, const bf16*, bf16*, int64_t, int64_t, double, const RandomStream&);
template void drop_path(Cpu, const f16*, f16*, int64_t, int64_t, double, const RandomStream&);
template void drop_path(Cpu, const double*, double*, int64_t, int64_t, double, const RandomStream&);

}  // namespace cudenza::kernels
