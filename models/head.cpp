#include "models/head.h"

#include <cmath>
#include <numeric>

#include "engine/nn/init.h"
#include "engine/ops/concat.h"
#include "engine/ops/pointwise.h"
#include "engine/ops/reduce.h"

namespace cudenza {
namespace {
constexpr int kHidden = 512;
}

Tensor PooledLinear::forward(const Tensor& maps) { return Linear::forward(spatial_mean(maps)); }

Tensor PooledSequential::forward(const Tensor& maps) {
  const Tensor pooled = adaptive_avg_pool2d(maps, side_, side_);
  return Sequential::forward(reshape(pooled, {maps.size(0), side_ * side_ * maps.size(-1)}));
}

FastaiHead::FastaiHead(const Options& o)
    : bn1_(child<BatchNorm2d>("bn1", {.channels = 2 * o.channels})),
      bn2_(child<BatchNorm2d>("bn2", {.channels = kHidden})),
      drop1_(child<Dropout>("drop1", {.p = o.dropout / 2, .random = o.random})),
      drop2_(child<Dropout>("drop2", {.p = o.dropout, .random = o.random})),
      fc1_(child<Linear>("fc1", {.in = 2 * o.channels, .out = kHidden, .bias = false})),
      fc2_(child<Linear>("fc2", {.in = kHidden, .out = o.classes, .bias = false})) {}

Tensor FastaiHead::forward(const Tensor& maps) {
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

PyramidHead::PyramidHead(const Options& o)
    : channels_(o.channels),
      standardise_(
          child<Standardise>("standardise", {.channels = kBands * std::accumulate(o.channels.begin(), o.channels.end(), 0)})),
      drop_(child<Dropout>("drop", {.p = o.dropout / 2, .random = o.random})),
      fc_(child<Linear>("fc", {.in = static_cast<int>(standardise_.mean.numel()), .out = o.classes})) {}

Tensor PyramidHead::pooled(std::span<const Tensor> maps) {
  Tensor all;
  for (const Tensor& x : maps) {
    const Tensor bands = adaptive_avg_pool2d(log1p(x), kBands, 1);
    const Tensor row = reshape(bands, {x.size(0), kBands * x.size(-1)});
    all = all.defined() ? concat_channels(all, row) : row;
  }
  return all;
}

Tensor PyramidHead::forward(const Tensor& pooled) { return fc_(drop_(standardise_(pooled))); }

void PyramidHead::reset(Generator&) {
  init::constant(fc_.weight, 0);
  init::constant(fc_.bias, 0);
}

Ridge PyramidHead::fit(const Tensor& pooled, std::span<const int64_t> labels) {
  std::vector<float> x = pooled.to_vector<float>();
  const auto features = static_cast<size_t>(pooled.size(1)), rows = x.size() / features;
  std::vector<float> mean(features), scale(features);
  size_t begin = 0;
  for (const int channels : channels_) {
    const size_t end = begin + static_cast<size_t>(kBands * channels);
    for (size_t d = begin; d < end; ++d) {
      double sum = 0, squares = 0;
      for (size_t i = 0; i < rows; ++i) sum += static_cast<double>(x[i * features + d]);
      const double m = sum / static_cast<double>(rows);
      for (size_t i = 0; i < rows; ++i) squares += std::pow(static_cast<double>(x[i * features + d]) - m, 2);
      constexpr double kTiny = 1e-3;  // a feature that hardly moves says nothing
      mean[d] = static_cast<float>(m);
      scale[d] = static_cast<float>(
          1 / ((std::sqrt(squares / static_cast<double>(rows)) + kTiny) * std::sqrt(static_cast<double>(end - begin))));
      for (size_t i = 0; i < rows; ++i) x[i * features + d] = (x[i * features + d] - mean[d]) * scale[d];
    }
    begin = end;
  }
  const Ridge ridge = fit_ridge(x, labels, fc_.bias.numel());
  const auto put = [](const Tensor& to, const std::vector<float>& values) { to.copy_from(Tensor::from(values, to.shape())); };
  put(standardise_.mean, mean), put(standardise_.scale, scale);
  put(fc_.weight, ridge.weight), put(fc_.bias, ridge.bias);
  return ridge;
}

}  // namespace cudenza
