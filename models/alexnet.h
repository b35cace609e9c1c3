/// AlexNet as torchvision has it (Krizhevsky: One weird trick for parallelizing convolutional neural networks; 2014).
#pragma once
#include "models/head.h"
#include "models/network.h"

namespace cudenza {

class AlexNet : public Network {
 public:
  explicit AlexNet(const NetworkOptions&);
  Tensor features(const Tensor& x) override;
  Tensor classify(const Tensor& maps) override;
  std::vector<std::vector<NamedTensor>> parameter_groups() const override;

 private:
  Sequential& features_;
  Sequential* classifier_ = nullptr;
  FastaiHead* head_ = nullptr;
};

}  // namespace cudenza
