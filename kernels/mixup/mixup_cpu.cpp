#include <algorithm>
#include <vector>

#include "kernels/mixup/mixup_instances.h"
#include "kernels/mixup/mixup_math.h"
#include "kernels/simd/simd_map.h"
#include "kernels/simd/stream_row.h"

namespace cudenza::kernels {
namespace {

constexpr int64_t kMostRunBytes = 64 * 1024;  // of a sample before the next one's turn: two fit the second-level cache
constexpr int64_t kPieceBytes = 1024;         // computed, then sent: short, so that the next one's reading overlaps the sending

template <class A> void draw(int64_t samples, double alpha, const RandomStream& stream, const MixupTargets<A>& targets) {
  std::vector<uint64_t> keys(static_cast<size_t>(samples));
  const BetaRule rule(alpha);
  for (int64_t n = 0; n < samples; ++n) {
    keys[static_cast<size_t>(n)] = order_key(stream, n);
    targets.lambda[n] = lambda_of(rule, stream, n);
  }
  std::sort(keys.begin(), keys.end());
  for (int64_t n = 0; n < samples; ++n) targets.partner[n] = static_cast<uint32_t>(keys[static_cast<size_t>(n)]);
}

/// The samples, each followed by its partner until a cycle of the permutation is closed: what was read as a partner is then the
/// next one's own, and still in the cache.
std::vector<int64_t> along_cycles(const int64_t* partner, int64_t samples) {
  std::vector<int64_t> order;
  std::vector<bool> seen(static_cast<size_t>(samples));
  for (int64_t first = 0; first < samples; ++first) {
    for (int64_t n = first; !seen[static_cast<size_t>(n)]; n = partner[n]) {
      seen[static_cast<size_t>(n)] = true;
      order.push_back(n);
    }
  }
  return order;
}

/// to[i] = blend of own[i] and partner[i].
template <class T, class A> void blend(const T* own, const T* partner, A lambda, T* to, int64_t count) {
  simd_map(
      to, count, [=](A x, A other) { return blended(x, other, lambda); }, own, partner);
}

}  // namespace

template <class T>
void mixup(Cpu, const T* x, T* y, int64_t samples, int64_t sample_size, double alpha, const RandomStream& stream,
           const MixupTargets<acc_t<T>>& targets) {
  draw(samples, alpha, stream, targets);
  const int64_t* partner = targets.partner;
  const acc_t<T>* lambda = targets.lambda;

  constexpr int64_t kPiece = kPieceBytes / sizeof(T), kMost = kMostRunBytes / sizeof(T);
  const int64_t shared_out = sample_size / (4 * omp_get_max_threads()) / kPiece * kPiece;
  const int64_t width = std::clamp(shared_out, kPiece, kMost), runs = sample_size / width + 2;  // the first may be short
  const bool streams = samples * sample_size * static_cast<int64_t>(sizeof(T)) >= kStreamBytes;
  const std::vector<int64_t> order = along_cycles(partner, samples);
  parallel_ranges(runs, samples * width, [=, &order](int64_t first, int64_t last) {
    RowPiece<T, kPiece> out(streams);
    for (int64_t run = first; run < last; ++run) {
      for (const int64_t n : order) {
        const T *const own = x + n * sample_size, *const other = x + partner[n] * sample_size;
        T* const row = y + n * sample_size;
        const int64_t begin = run * width - past_border(row), end = smaller(begin + width, sample_size);
        for (int64_t at = begin; at < end; at += kPiece) {
          const int64_t i = larger<int64_t>(at, 0), count = smaller(at + kPiece, end) - i;
          if (count <= 0) continue;
          blend(own + i, other + i, lambda[n], out.place(row + i), count);
          out.send(row + i, count);
        }
      }
    }
    out.fence();
  });
}

template <class T> void mix_pairs(Cpu, const T* x, T* y, int64_t samples, int64_t sample_size, const acc_t<T>* lambda) {
  const T* const partners = x + samples * sample_size;
  parallel_ranges(samples, sample_size, [=](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n)
      blend(x + n * sample_size, partners + n * sample_size, lambda[n], y + n * sample_size, sample_size);
  });
}

CUDENZA_MIXUP(Cpu, float)
CUDENZA_MIXUP(Cpu, bf16)
CUDENZA_MIXUP(Cpu, f16)

}  // namespace cudenza::kernels
