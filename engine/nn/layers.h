/// The layers of the five networks. Parameters are f32 and are cast to the type of the input at each call, so that a network
/// computes in whatever it is fed (f32, bf16, f16) and trains f32 masters. Names and default values are PyTorch's.
#pragma once
#include <memory>

#include "engine/core/random.h"
#include "engine/nn/module.h"
#include "engine/ops/batch_norm.h"
#include "engine/ops/conv.h"
#include "engine/ops/conv_bn_act.h"
#include "engine/ops/pool.h"

namespace cudenza {

/// While one lives, new convolutions and linear layers of this thread leave their weights unset instead of zero: for networks
/// that are loaded at once, or only tell their shapes. Memory that is never touched is never taken from the system.
class UnsetWeights {
 public:
  UnsetWeights();
  ~UnsetWeights();
  UnsetWeights(const UnsetWeights&) = delete;
  UnsetWeights& operator=(const UnsetWeights&) = delete;
};

class BatchNorm2d;

/// x [N,H,W,in] -> [N,H',W',out]. weight is [out,kernel,kernel,in].
class Conv2d : public Module {
 public:
  struct Options {
    int in, out, kernel;
    int stride = 1, pad = 0;
    bool bias = true;
  };
  explicit Conv2d(const Options&);
  Tensor forward(const Tensor& x) override;
  void reset(Generator&) override;

  /// Filters in `dtype`, and the bias, with the batch norm (in evaluation) folded in where there is one. Kept.
  /// REQUIRES folded().
  const FoldedConv& folded_filters(DType dtype, const BatchNorm2d* bn) const;

  const Conv2dSpec spec;
  const Tensor weight, bias;  ///< bias is undefined if there is none

 private:
  void forget() override { kept_ = {}; }
  mutable FoldedConv kept_;
};

/// x [...,channels] -> the same. weight and bias are gamma and beta.
class BatchNorm2d : public Module {
 public:
  struct Options {
    int channels;
    double eps = 1e-5, momentum = 0.1;
  };
  explicit BatchNorm2d(const Options&);
  Tensor forward(const Tensor& x) override;
  void reset(Generator&) override;

  const BatchNormState state;
};

// A convolution with what follows it as one op; folded, the batch norm is gone.
Tensor conv_relu(const Conv2d& conv, const Tensor& x);  ///< relu(conv(x))
Tensor conv_bn(const Conv2d& conv, const BatchNorm2d& bn, const Tensor& x);
/// relu(bn(conv(x)) + residual), the residual undefined where there is none.
Tensor conv_bn_relu(const Conv2d& conv, const BatchNorm2d& bn, const Tensor& x, const Tensor& residual = {});

/// Parts one after another as in Sequential; a convolution, the batch norm after it and the ReLU after that are one op.
class ConvSequential : public Sequential {
 public:
  Tensor forward(const Tensor& x) override;
};

/// x [N,in] -> [N,out]. weight is [out,in].
class Linear : public Module {
 public:
  struct Options {
    int in, out;
    bool bias = true;
    int positions = 1;  ///< of the maps that `in` was flattened from: we order h, w, c, files c, h, w (engine/nn/checkpoint.h)
  };
  explicit Linear(const Options&);
  Tensor forward(const Tensor& x) override;
  void reset(Generator&) override;

  const Tensor weight, bias;
  const int positions;

 private:
  void forget() override { kept_ = {}; }
  Tensor kept_;  ///< weight in the type of the input, while folded
};

class Relu : public Module {
 public:
  struct Options {};
  explicit Relu(const Options&) {}
  Tensor forward(const Tensor& x) override;
};

class MaxPool2d : public Module {
 public:
  using Options = MaxPool2dSpec;
  explicit MaxPool2d(const Options& o) : spec(o) {}
  Tensor forward(const Tensor& x) override;

  const MaxPool2dSpec spec;
};

class AvgPool2d : public Module {
 public:
  using Options = AvgPool2dSpec;
  explicit AvgPool2d(const Options& o) : spec(o) {}
  Tensor forward(const Tensor& x) override;

  const AvgPool2dSpec spec;
};

class AdaptiveAvgPool2d : public Module {
 public:
  struct Options {
    int height, width;
  };
  explicit AdaptiveAvgPool2d(const Options& o) : size(o) {}
  Tensor forward(const Tensor& x) override;

  const Options size;
};

/// [N,…] -> [N, product of the rest], in the engine's order: a picture's features come as h, w, c.
class Flatten : public Module {
 public:
  struct Options {};
  explicit Flatten(const Options&) {}
  Tensor forward(const Tensor& x) override;
};

/// Zeros elements with probability p in training; the identity in evaluation.
class Dropout : public Module {
 public:
  struct Options {
    double p;
    std::shared_ptr<Generator> random;
  };
  explicit Dropout(const Options& o) : options(o) {}
  Tensor forward(const Tensor& x) override;

  const Options options;
};

/// Stochastic depth: drops a residual branch for whole samples with probability p in training.
class DropPath : public Module {
 public:
  using Options = Dropout::Options;
  explicit DropPath(const Options& o) : options(o) {}
  Tensor forward(const Tensor& x) override;

  const Options options;
};

}  // namespace cudenza
