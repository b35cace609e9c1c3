#include "models/head.h"

#include <cmath>
#include <numeric>

#include "engine/nn/init.h"
#include "engine/ops/concat.h"
#include "engine/ops/covariance.h"
#include "engine/ops/int8.h"
#include "engine/ops/pointwise.h"
#include "engine/ops/reduce.h"

namespace cudenza {
namespace {
constexpr int kHidden = 512;

/// How many features a PyramidHead makes of each stage's maps: means, and perhaps covariances.
std::vector<int64_t> parts_of(const std::vector<int>& channels) {
  std::vector<int64_t> parts;
  for (const int64_t c : channels) {
    parts.push_back(PyramidHead::kBands * c);
    if (c <= PyramidHead::kCovarianceChannels) parts.push_back(c * c);
  }
  return parts;
}

}  // namespace

Tensor PooledLinear::forward(const Tensor& maps) { return Linear::forward(spatial_mean(dequantized(maps))); }

Tensor PooledSequential::forward(const Tensor& maps) {
  const bool fits = maps.size(1) == side_ && maps.size(2) == side_;
  const Tensor pooled = fits ? maps : adaptive_avg_pool2d(dequantized(maps), side_, side_);
  return Sequential::forward(reshape(pooled, {maps.size(0), side_ * side_ * maps.size(-1)}));
}

FastaiHead::FastaiHead(const Options& o)
    : bn1_(child<BatchNorm2d>("bn1", {.channels = 2 * o.channels})),
      bn2_(child<BatchNorm2d>("bn2", {.channels = kHidden})),
      drop1_(child<Dropout>("drop1", {.p = o.dropout / 2, .random = o.random})),
      drop2_(child<Dropout>("drop2", {.p = o.dropout, .random = o.random})),
      fc1_(child<Linear>("fc1", {.in = 2 * o.channels, .out = kHidden, .bias = false})),
      fc2_(child<Linear>("fc2", {.in = kHidden, .out = o.classes, .bias = false})) {}

Tensor FastaiHead::forward(const Tensor& given) {
  const Tensor maps = dequantized(given);
  const Shape flat{maps.size(0), maps.size(-1)};
  const Tensor pooled = concat_channels(reshape(adaptive_max_pool2d(maps, 1, 1), flat), spatial_mean(maps));
  return fc2_(drop2_(bn2_(relu(fc1_(drop1_(bn1_(pooled)))))));
}

void FastaiHead::reset(Generator& random) {
  for (const Linear* fc : {&fc1_, &fc2_}) init::kaiming_normal(fc->weight, init::fan_in(fc->weight), random);
  for (const BatchNorm2d* bn : {&bn1_, &bn2_}) init::constant(bn->state.beta, 1e-3);
}

Standardise::Standardise(const Options& o)
    : mean(buffer("mean", Tensor::zeros({o.channels}, DType::f32))),
      scale(buffer("scale", Tensor::full({o.channels}, 1, DType::f32))) {}

Tensor Standardise::forward(const Tensor& x) { return mul_channels(add_bias(x, cudenza::scale(mean, -1)), scale); }

void Standardise::reset(Generator&) {
  init::constant(mean, 0);
  init::constant(scale, 1);
}

PyramidHead::PyramidHead(const Options& o) : PyramidHead(o, parts_of(o.channels)) {}

PyramidHead::PyramidHead(const Options& o, std::vector<int64_t> parts)
    : parts_(std::move(parts)),
      standardise_(child<Standardise>("standardise", {.channels = std::accumulate(parts_.begin(), parts_.end(), 0)})),
      drop_(child<Dropout>("drop", {.p = o.dropout / 2, .random = o.random})),
      fc_(child<Linear>("fc", {.in = static_cast<int>(standardise_.mean.numel()), .out = o.classes})) {}

Tensor PyramidHead::pooled(std::span<const Tensor> maps) {
  Tensor all;
  const auto append = [&all](const Tensor& features) {
    const Tensor row = reshape(features, {features.size(0), features.numel() / features.size(0)});
    all = all.defined() ? concat_channels(all, row) : row;
  };
  for (const Tensor& x : maps) {
    const Tensor z = log1p(dequantized(x));
    append(adaptive_avg_pool2d(z, kBands, 1));
    if (x.size(-1) <= kCovarianceChannels) append(signed_sqrt(channel_covariance(z)));
  }
  return all;
}

Tensor PyramidHead::forward(const Tensor& pooled) { return fc_(drop_(standardise_(pooled))); }

void PyramidHead::reset(Generator&) {
  init::constant(fc_.weight, 0);
  init::constant(fc_.bias, 0);
}

Ridge PyramidHead::fit(std::vector<float> x, const RidgeGroups& groups) {
  const int64_t rows = static_cast<int64_t>(x.size()) / features();
  std::vector<float> mean(static_cast<size_t>(features())), scale(mean.size());
  int64_t begin = 0;
  for (const int64_t part : parts_) {
#pragma omp parallel for
    for (int64_t d = begin; d < begin + part; ++d) {
      const auto at = [&](int64_t row) -> float& { return x[static_cast<size_t>(row * features() + d)]; };
      double sum = 0, squares = 0;
      for (int64_t i = 0; i < rows; ++i) sum += static_cast<double>(at(i));
      const double m = sum / static_cast<double>(rows);
      for (int64_t i = 0; i < rows; ++i) squares += std::pow(static_cast<double>(at(i)) - m, 2);
      constexpr double kTiny = 1e-3;  // a feature that hardly moves says nothing
      const double deviation = std::sqrt(squares / static_cast<double>(rows)) + kTiny;
      const auto k = static_cast<size_t>(d);
      mean[k] = static_cast<float>(m);
      scale[k] = static_cast<float>(1 / (deviation * std::sqrt(static_cast<double>(part))));
      for (int64_t i = 0; i < rows; ++i) at(i) = (at(i) - mean[k]) * scale[k];
    }
    begin += part;
  }
  const Ridge ridge = fit_ridge(x, groups, fc_.bias.numel());
  const auto put = [](const Tensor& to, const std::vector<float>& values) { to.copy_from(Tensor::from(values, to.shape())); };
  put(standardise_.mean, mean), put(standardise_.scale, scale);
  put(fc_.weight, ridge.weight), put(fc_.bias, ridge.bias);
  return ridge;
}

}  // namespace cudenza
