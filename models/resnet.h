/// ResNet34 and ResNet50 as in torchvision (He et al.: Deep Residual Learning for Image Recognition; CVPR 2016), version 1.5: a
/// bottleneck's stride is in its 3x3 convolution.
///
///   layer    34                    50                          output at 224
///   stem     7x7 s2 64, pool 3x3 s2                            56
///   layer1   3 x [3x3 64, 3x3]     3 x [1x1 64, 3x3, 1x1 256]   56
///   layer2   4 x [128]             4 x [128, 512]               28
///   layer3   6 x [256]             6 x [256, 1024]              14
///   layer4   3 x [512]             3 x [512, 2048]               7
#pragma once
#include <array>

#include "models/network.h"

namespace cudenza {

enum class ResNetDepth { resnet34, resnet50 };

class ResNet : public Network {
 public:
  ResNet(ResNetDepth, const NetworkOptions&);
  /// Convolutions Kaiming normal over fan_out.
  void reset(Generator&) override;

 private:
  Tensor stage(int index, const Tensor& x) override;
  std::vector<PrefixGroup> body_groups() const override;

  Conv2d& conv1_;
  BatchNorm2d& bn1_;
  std::array<Sequential*, 4> layers_{};
};

}  // namespace cudenza
