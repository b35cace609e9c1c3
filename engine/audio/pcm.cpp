#include "engine/audio/pcm.h"

#include <algorithm>
#include <cmath>

namespace cudenza {
namespace {

constexpr float kFullScale = 32768;

void widen(std::span<const int16_t> x, float* out) {
#pragma omp simd
  for (size_t i = 0; i < x.size(); ++i) out[i] = static_cast<float>(x[i]) * (1 / kFullScale);
}

}  // namespace

void mix(std::span<const double> interleaved, int channels, std::span<double> mono) {
  if (channels == 1) {
    std::copy_n(interleaved.begin(), mono.size(), mono.begin());
    return;
  }
  const auto count = static_cast<size_t>(channels);
  for (size_t i = 0; i < mono.size(); ++i) {
    double sum = 0;
    for (const double x : interleaved.subspan(i * count, count)) sum += x;
    mono[i] = sum / channels;
  }
}

bool fits_16_bits(std::span<const float> x, int16_t* out) {
  int64_t changed = 0;
#pragma omp simd reduction(+ : changed)
  for (size_t i = 0; i < x.size(); ++i) {
    const float scaled = x[i] * kFullScale, near = std::nearbyint(scaled);
    const float bounded = near < -kFullScale ? -kFullScale : near > kFullScale - 1 ? kFullScale - 1 : near;
    out[i] = static_cast<int16_t>(bounded);
    changed += bounded != scaled;
  }
  return changed == 0;
}

Tensor pcm_of(std::span<const float> x) {
  PcmCollector all;
  all.add(x);
  return all.collected();
}

void PcmCollector::reserve(size_t samples) { in_16_.reserve(samples); }

void PcmCollector::add(std::span<const float> block) {
  if (is_exact_) {
    const size_t before = in_16_.size();
    in_16_.resize(before + block.size());
    if (fits_16_bits(block, in_16_.data() + before)) return;
    is_exact_ = false;
    in_float_.reserve(in_16_.capacity());
    in_float_.resize(before);
    widen(std::span(in_16_).first(before), in_float_.data());
    in_16_ = {};
  }
  in_float_.insert(in_float_.end(), block.begin(), block.end());
}

Tensor PcmCollector::collected() const {
  if (is_exact_) return Tensor::from(in_16_, {std::ssize(in_16_)});
  return Tensor::from(in_float_, {std::ssize(in_float_)});
}

Tensor as_floats(const Tensor& pcm) {
  if (pcm.dtype() == DType::f32) return pcm;
  const Tensor floats = Tensor::empty(pcm.shape(), DType::f32);
  widen(pcm.span<int16_t>(), floats.data<float>());
  return floats;
}

Tensor stacked(std::vector<Tensor>& parts, int64_t samples) {
  int64_t rows = 0;
  for (const Tensor& part : parts) rows += part.size(0);
  const bool is_exact = std::ranges::all_of(parts, [](const Tensor& part) { return part.dtype() == DType::i16; });
  const Tensor all = Tensor::empty({rows, samples}, is_exact ? DType::i16 : DType::f32);
  int64_t at = 0;
  for (Tensor& part : parts) {
    const Tensor place = all.slice(at, part.shape());
    if (part.dtype() == all.dtype()) place.copy_from(part);
    else widen(part.span<int16_t>(), place.data<float>());
    at += part.numel();
    part = {};
  }
  return all;
}

}  // namespace cudenza
