/// VGG16 as in torchvision, configuration D, plain or with batch norm after each convolution (Simonyan, Zisserman: Very Deep
/// Convolutional Networks for Large-Scale Image Recognition; ICLR 2015).
#pragma once
#include "models/network.h"

namespace cudenza {

class Vgg16 : public Network {
 public:
  Vgg16(bool with_batch_norm, const NetworkOptions&);
  /// Convolutions Kaiming normal over fan_out, linear layers N(0, 0.01²), biases zero.
  void reset(Generator&) override;

 private:
  class Classifier;
  Tensor stage(int index, const Tensor& x) override;

  ConvSequential& features_;
  std::vector<size_t> ends_;  // of the stages: a pool ends each
};

}  // namespace cudenza
