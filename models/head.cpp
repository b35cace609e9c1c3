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

}  // namespace cudenza
