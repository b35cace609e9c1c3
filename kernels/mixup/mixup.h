/// Mixup (Zhang et al., ICLR 2018) of a batch with one permutation of itself, drawn here.
///
///   y[n,i] = x[p,i] + lambda[n] (x[n,i] - x[p,i]),   p = partner[n]
///   lambda[n] = max(l, 1 - l), l ~ Beta(alpha, alpha), one a sample;  partner is a permutation, all equally likely
///
/// The draws are functions of (stream, sample) (mixup_math.h). x is read once and y written once: a tile holds some neighbouring
/// elements of *all* samples, in shared memory or in the cache, where each finds its partner. Wider tiles are kinder to memory,
/// more samples make them narrower: hence kMixupSamples.
#pragma once
#include <cstdint>

#include "kernels/common/backend.h"
#include "kernels/common/float16.h"
#include "kernels/common/philox.h"

namespace cudenza::kernels {

constexpr int64_t kMixupSamples = 2048;  ///< most samples of a batch

/// What the batch's targets become. A is the accumulator type of x.
template <class A> struct MixupTargets {
  int64_t* partner;  ///< [samples], written
  A* lambda;         ///< [samples], written
};

/// x and y are [samples, sample_size]; y is not x. sample_size 0: only the targets. alpha 0: lambda is 1.
/// REQUIRES samples <= kMixupSamples, alpha >= 0.
template <class T>
void mixup(Reference, const T* x, T* y, int64_t samples, int64_t sample_size, double alpha, const RandomStream&,
           const MixupTargets<acc_t<T>>&);
template <class T>
void mixup(Cpu, const T* x, T* y, int64_t samples, int64_t sample_size, double alpha, const RandomStream&,
           const MixupTargets<acc_t<T>>&);
template <class T>
void mixup(Gpu, const T* x, T* y, int64_t samples, int64_t sample_size, double alpha, const RandomStream&,
           const MixupTargets<acc_t<T>>&);

/// The blend alone, of pairs that lie in halves: y[n,i] = x[samples + n,i] + lambda[n] (x[n,i] - x[samples + n,i]). x is
/// [2 samples, sample_size], y [samples, sample_size].
template <class T> void mix_pairs(Reference, const T* x, T* y, int64_t samples, int64_t sample_size, const acc_t<T>* lambda);
template <class T> void mix_pairs(Cpu, const T* x, T* y, int64_t samples, int64_t sample_size, const acc_t<T>* lambda);
template <class T> void mix_pairs(Gpu, const T* x, T* y, int64_t samples, int64_t sample_size, const acc_t<T>* lambda);

}  // namespace cudenza::kernels
