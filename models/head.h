/// The head that fastai puts on a body for transfer learning (fastai.vision.learner.create_head):
///   concat[adaptive max pool, adaptive average pool] -> batch norm -> dropout p/2 -> linear 2C x 512 -> ReLU -> batch norm
///   -> dropout p -> linear 512 x classes.
#pragma once
#include "models/network.h"

namespace cudenza {

class FastaiHead : public Module {
 public:
  struct Options {
    int channels;  ///< of the body's last feature maps
    int classes;
    double dropout = 0.5;
    std::shared_ptr<Generator> random;
  };
  explicit FastaiHead(const Options&);
  /// Feature maps [N,h,w,channels] to logits [N,classes].
  Tensor forward(const Tensor& maps) override;
  /// Linear layers Kaiming normal, batch norms gamma 1 and beta 1e-3.
  void reset(Generator&) override;

 private:
  BatchNorm2d &bn1_, &bn2_;
  Dropout &drop1_, &drop2_;
  Linear &fc1_, &fc2_;
};

}  // namespace cudenza
