#include "models/head.h"

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

PyramidHead::PyramidHead(const Options& o)
    : bn_(child<BatchNorm2d>("bn", {.channels = kBands * o.channels})),
      drop_(child<Dropout>("drop", {.p = o.dropout / 2, .random = o.random})),
      fc_(child<Linear>("fc", {.in = kBands * o.channels, .out = o.classes})) {}

Tensor PyramidHead::pooled(std::span<const Tensor> maps) {
  Tensor all;
  for (const Tensor& x : maps) {
    const Tensor bands = adaptive_avg_pool2d(log1p(x), kBands, 1);
    const Tensor row = reshape(bands, {x.size(0), kBands * x.size(-1)});
    all = all.defined() ? concat_channels(all, row) : row;
  }
  return all;
}

Tensor PyramidHead::forward(const Tensor& pooled) { return fc_(drop_(bn_(pooled))); }

void PyramidHead::reset(Generator&) {
  init::constant(fc_.weight, 0);
  init::constant(fc_.bias, 0);
}
}  // namespace cudenza
