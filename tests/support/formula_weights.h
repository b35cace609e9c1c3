/// Numbers by formula: what tests and the scripts of tests/fixtures share, so that fixtures hold results alone.
#pragma once
#include <cmath>
#include <map>
#include <string>

#include "kernels/common/parallel.h"
#include "kernels/common/philox_words.h"
#include "models/network.h"

namespace cudenza::testing {

constexpr uint64_t kWeightSeed = 11;

/// FNV-1a, 32 bits.
inline uint32_t hash_of(const std::string& name) {
  uint32_t value = 2166136261u;
  for (const char c : name) value = (value ^ static_cast<uint8_t>(c)) * 16777619u;
  return value;
}

/// The `count` uniform numbers of a stream, given to f(index, number), in parallel.
template <class F> void for_uniform(int64_t count, uint64_t seed, uint32_t op, uint32_t step, F&& f) {
  constexpr int kBlocks = 64;
  kernels::parallel_ranges((count + 3) / 4, 16,
                           [&](int64_t begin, int64_t end) {
                             uint32_t words[4 * kBlocks];
                             for (int64_t block = begin; block < end; block += kBlocks) {
                               kernels::philox_words(seed, op, step, static_cast<uint64_t>(block), kBlocks, words);
                               const int64_t last = std::min(count, 4 * std::min(block + kBlocks, end));
                               for (int64_t i = 4 * block; i < last; ++i) f(i, kernels::uniform_of(words[i - 4 * block]));
                             }
                           },
                           kBlocks);
}

/// A tensor of f(s), s uniform in [-1, 1).
template <class F> Tensor drawn(const Shape& shape, uint64_t seed, uint32_t op, F&& f) {
  const Tensor t = Tensor::empty(shape, DType::f32);
  for_uniform(t.numel(), seed, op, 0, [&, out = t.data<float>()](int64_t i, float u) { out[i] = f(2 * u - 1); });
  return t;
}

inline Tensor drawn_by_kind(const std::string& name, const Tensor& like, bool is_norm) {
  const auto draw = [&](auto f) { return drawn(like.shape(), kWeightSeed, hash_of(name), f); };
  if (name.ends_with("running_var")) return draw([](float s) { return 2 + s; });
  if (name.ends_with("running_mean")) return draw([](float s) { return 0.1f * s; });
  if (is_norm && name.ends_with("weight")) return draw([](float s) { return 0.75f + 0.25f * s; });
  if (is_norm) return draw([](float s) { return s + std::copysign(2.0f, s); });
  const double fan_in = static_cast<double>(like.numel() / like.size(0));
  const auto width = static_cast<float>(like.shape().rank() > 1 ? std::sqrt(6 / fan_in) : 0.1);
  return draw([=](float s) { return width * s; });
}

inline void fill_by_formula(Network& network) {
  std::map<std::string, bool> norms;
  for (const Parameter& p : parameters_of(network)) norms[p.name] = p.kind == ParameterKind::norm;
  for (const auto& [name, tensor] : network.state_dict()) tensor.copy_from(drawn_by_kind(name, tensor, norms[name]));
}

}  // namespace cudenza::testing
