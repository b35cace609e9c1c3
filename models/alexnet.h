/// AlexNet as in torchvision (Krizhevsky: One weird trick for parallelizing convolutional neural networks; 2014).
#pragma once
#include "models/network.h"

namespace cudenza {

class AlexNet : public Network {
 public:
  explicit AlexNet(const NetworkOptions&);

 private:
  class Classifier;
  Tensor stage(int index, const Tensor& x) override;
  std::vector<PrefixGroup> body_groups() const override;

  ConvSequential& features_;
};

}  // namespace cudenza
