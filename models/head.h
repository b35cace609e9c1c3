/// Heads on a network's body: feature maps [N,h,w,channels] to logits [N,classes].
#pragma once
#include <memory>

#include "engine/nn/layers.h"

namespace cudenza {

/// The classifier of the ResNets: global average pool, then a linear layer.
class PooledLinear : public Linear {
 public:
  using Linear::Linear;
  Tensor forward(const Tensor& maps) override;
};

/// The classifier of AlexNet and VGG16: average pool to side x side, flatten in the engine's order (h, w, c), then the added
/// modules.
class PooledSequential : public Sequential {
 public:
  explicit PooledSequential(int side) : side_(side) {}
  Tensor forward(const Tensor& maps) override;

 private:
  int side_;
};

/// fastai's head for transfer learning (fastai.vision.learner.create_head):
///   concat[adaptive max pool, adaptive average pool] -> batch norm -> dropout p/2 -> linear 2C x 512 -> ReLU -> batch norm
///   -> dropout p -> linear 512 x classes.
class FastaiHead : public Module {
 public:
  struct Options {
    int channels;  ///< of the body's last feature maps
    int classes;
    double dropout = 0.5;
    std::shared_ptr<Generator> random;
  };
  explicit FastaiHead(const Options&);
  Tensor forward(const Tensor& maps) override;
  /// Linear layers Kaiming normal, batch norms gamma 1 and beta 1e-3.
  void reset(Generator&) override;

 private:
  BatchNorm2d &bn1_, &bn2_;
  Dropout &drop1_, &drop2_;
  Linear &fc1_, &fc2_;
};

}  // namespace cudenza
