/// The draws of mixup and its blend: shared by the CPU loop and the kernel. The same bits on both devices.
#pragma once
#include "kernels/common/normal.h"
#include "kernels/common/philox.h"

namespace cudenza::kernels {

/// How l ~ Beta(alpha, alpha) is made.
struct BetaRule {
  enum Kind { one, joehnk, ulrich } kind;
  float exponent;  ///< of a uniform number

  /// REQUIRES alpha >= 0.
  explicit BetaRule(double alpha)
      : kind(alpha == 0 ? one : (alpha <= 1 ? joehnk : ulrich)),
        exponent(static_cast<float>(alpha == 0 ? 0 : (alpha <= 1 ? 1 / alpha : 2 / (2 * alpha - 1)))) {}
};

/// Words of sample n: block 0 places it in the permutation, the blocks after it are for its lambda.
HOST_DEVICE Random4 mixup_words(const RandomStream& stream, int64_t n, uint32_t block) {
  return random4(stream, static_cast<uint64_t>(n) << 32 | block);
}

/// Samples sorted by their keys, lower first, are the permutation: partner[rank of n] = n. No two keys are equal.
HOST_DEVICE uint64_t order_key(const RandomStream& stream, int64_t n) {
  return static_cast<uint64_t>(mixup_words(stream, n, 0).word[0]) << 32 | static_cast<uint32_t>(n);
}

/// ln u, u uniform in (0, 1].
HOST_DEVICE float log_uniform(uint32_t word) { return same_log(static_cast<float>((word >> 8) + 1) * 0x1p-24f); }

/// max(l, 1 - l) with l ~ Beta(alpha, alpha), in [1/2, 1].
///
/// alpha <= 1, Jöhnk (1964): where x = u^(1/alpha) and y = v^(1/alpha) come to x + y <= 1 (85 of 100 tries for alpha = 0.4, 50
/// for 1), x / (x + y) is Beta. Here by logarithms, since x and y may be too small for a float.
/// alpha > 1, Ulrich (1984): l = (1 + cos(2 pi v) sqrt(1 - u^(2 / (2 alpha - 1)))) / 2 is Beta without a second try.
HOST_DEVICE float lambda_of(const BetaRule& rule, const RandomStream& stream, int64_t n) {
  if (rule.kind == BetaRule::one) return 1;
  if (rule.kind == BetaRule::ulrich) {
    const Random4 random = mixup_words(stream, n, 1);
    const float t = same_exp(rule.exponent * log_uniform(random.word[0]));
    return fused(0.5f, fabsf(direction_of(random.word[1]).first) * sqrtf(larger(1.0f - t, 0.0f)), 0.5f);
  }
  for (uint32_t block = 1; block <= 32; ++block) {  // 64 tries: all fail once in 2^64 samples
    const Random4 random = mixup_words(stream, n, block);
    for (int k = 0; k < 4; k += 2) {
      const float u = log_uniform(random.word[k]), v = log_uniform(random.word[k + 1]);
      if (same_exp(rule.exponent * u) + same_exp(rule.exponent * v) <= 1)
        return 1.0f / (1.0f + same_exp(-rule.exponent * fabsf(u - v)));
    }
  }
  return 1;
}

template <class A> HOST_DEVICE A blended(A own, A partner, A lambda) { return partner + lambda * (own - partner); }

}  // namespace cudenza::kernels
