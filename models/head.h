/// Heads on a network's body: feature maps [N,h,w,channels] to logits [N,classes].
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "engine/nn/layers.h"
#include "engine/optim/ridge.h"

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

constexpr int kPyramidStages = 4;  ///< whose maps a PyramidHead sees

/// z[n,d] = (x[n,d] - mean[d]) scale[d], with numbers that are fitted once and do not train.
class Standardise : public Module {
 public:
  struct Options {
    int channels;
  };
  explicit Standardise(const Options&);
  Tensor forward(const Tensor& x) override;
  /// Mean 0, scale 1.
  void reset(Generator&) override;

  const Tensor mean, scale;  ///< f32 [channels]
};

/// A head for transfer to pictures of sound, in which height is frequency. Early layers know textures, late ones know objects
/// that music does not have: so it sees the maps of the last kPyramidStages stages.
///   of each stage: z = log(1 + x) of its maps x >= 0 [N,h,w,C]; z's mean over time in kBands bands of frequency; and, if C is at
///   most kCovarianceChannels, the signed square root of the covariance of every two channels
///   -> concat -> standardise -> dropout p/2 -> linear D x classes, where D = kBands · sum of C + sum of the C² that are seen
class PyramidHead : public Module {
 public:
  static constexpr int kBands = 10, kCovarianceChannels = 256;
  struct Options {
    std::vector<int> channels;  ///< of each seen stage's maps
    int classes;
    double dropout = 0.5;
    std::shared_ptr<Generator> random;
  };
  explicit PyramidHead(const Options&);
  /// The stages' maps, the earliest first, to [N,D].
  static Tensor pooled(std::span<const Tensor> maps);
  /// What pooled() gives to logits [N,classes].
  Tensor forward(const Tensor& pooled) override;
  /// The linear layer starts with zeros: all classes are equally likely.
  void reset(Generator&) override;
  int64_t features() const { return standardise_.mean.numel(); }  ///< D
  /// Fits the whole head to pooled features [rows,D] by ridge regression (engine/optim/ridge.h). Each stage's means count as much
  /// as another's, and as much as covariances.
  Ridge fit(std::vector<float> pooled, const RidgeGroups&);

 private:
  explicit PyramidHead(const Options&, std::vector<int64_t> parts);

  std::vector<int64_t> parts_;  ///< numbers of pooled features that belong together
  Standardise& standardise_;
  Dropout& drop_;
  Linear& fc_;
};

}  // namespace cudenza
