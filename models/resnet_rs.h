/// ResNet-RS50 as in timm (Bello et al.: Revisiting ResNets: Improved Training and Scaling Strategies; NeurIPS 2021): a ResNet50
/// with three 3x3 convolutions as stem and a fourth as pool, squeeze-and-excitation in each bottleneck, shortcuts that
/// average-pool before they project, and stochastic depth. Trained at 160 x 160, tested at 224 x 224.
#pragma once
#include <array>

#include "models/network.h"

namespace cudenza {

class ResNetRs50 : public Network {
 public:
  explicit ResNetRs50(const NetworkOptions&);
  /// Convolutions Kaiming normal over fan_out; the last gamma of each block zero, so that blocks start as the identity.
  void reset(Generator&) override;

 private:
  class Stem;
  class Pool;
  Tensor stage(int index, const Tensor& x) override;

  Stem& stem_;
  BatchNorm2d& bn1_;
  Pool& pool_;
  std::array<Sequential*, 4> layers_{};
};

}  // namespace cudenza
