/// The layers of the five networks. Parameters are f32 and are cast to the input's dtype at each call. So a network computes
/// in the dtype of its input (f32, bf16, f16) and trains f32 master weights. Names and defaults are PyTorch's.
#pragma once
#include <memory>
#include <optional>

#include "engine/core/random.h"
#include "engine/nn/int8.h"
#include "engine/ops/batch_norm.h"
#include "engine/ops/conv.h"
#include "engine/ops/conv_bn_act.h"
#include "engine/ops/int8.h"
#include "engine/ops/pool.h"

namespace cudenza {

/// While one lives, new convolutions and linear layers of this thread leave their weights uninitialised instead of zero: for
/// networks that are loaded right away or only describe their shapes. Untouched memory is never taken from the system.
class UnsetWeights {
 public:
  UnsetWeights();
  ~UnsetWeights();
  UnsetWeights(const UnsetWeights&) = delete;
  UnsetWeights& operator=(const UnsetWeights&) = delete;
};

class BatchNorm2d;

/// x [N,H,W,in] -> [N,H',W',out]. weight is [out,kernel,kernel,in].
class Conv2d : public Int8Layer {
 public:
  struct Options {
    int in, out, kernel;
    int stride = 1, pad = 0;
    bool bias = true;
  };
  explicit Conv2d(const Options&);
  Tensor forward(const Tensor& x) override;
  void reset(Generator&) override;

  /// What a folded layer keeps for inputs like x: filters and bias, with a batch norm (in evaluation) folded in if given.
  struct Kept {
    DType dtype = DType::f32;
    FoldedConv folded;                         ///< without w if it is packed
    std::shared_ptr<const PackedConv> packed;  ///< on a CPU that has a kind for the dtype
    std::shared_ptr<const Int8Conv> int8;      ///< for quantized x, alone
  };
  /// REQUIRES folded().
  const Kept& kept(const Tensor& x, const BatchNorm2d* bn) const;

  const Conv2dSpec spec;
  const Tensor weight, bias;  ///< bias is undefined if there is none

  const Tensor& float_weight() const override { return weight; }
  FoldedConv folded_weights(const BatchNorm2d*) const override;

 private:
  void forget() override { kept_.reset(); }
  mutable std::optional<Kept> kept_;
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
  /// Whether it normalises by the batch, and moves its running statistics. Not while it is frozen (gamma requires no gradient):
  /// then training, too, goes by the running statistics and leaves them alone.
  bool uses_batch() const { return training() && state.gamma.requires_grad(); }

  /// Its tensors stay what they are. state.together may be set: whose rows are one batch.
  BatchNormState state;
};

// A convolution and the layers after it as one op. When folded, no batch norm runs.
Tensor conv_relu(const Conv2d& conv, const Tensor& x);  ///< relu(conv(x))
Tensor conv_bn(const Conv2d& conv, const BatchNorm2d& bn, const Tensor& x);
/// relu(bn(conv(x)) + residual); the residual may be undefined.
Tensor conv_bn_relu(const Conv2d& conv, const BatchNorm2d& bn, const Tensor& x, const Tensor& residual = {});

/// Like Sequential, but a convolution with the batch norm and the ReLU that follow it is one op.
class ConvSequential : public Sequential {
 public:
  Tensor forward(const Tensor& x) override { return range(x, 0, children().size()); }
  /// Only the modules number `begin` to `end` - 1.
  Tensor range(const Tensor& x, size_t begin, size_t end);
};

/// x [N,in] -> [N,out]. weight is [out,in].
class Linear : public Int8Layer {
 public:
  struct Options {
    int in, out;
    bool bias = true;
    int positions = 1;  ///< H·W of the map that `in` is flattened from: (h, w, c) here, (c, h, w) in files (nn/checkpoint.h)
  };
  explicit Linear(const Options&);
  Tensor forward(const Tensor& x) override;
  void reset(Generator&) override;

  const Tensor weight, bias;
  const int positions;

  const Tensor& float_weight() const override { return weight; }
  FoldedConv folded_weights(const BatchNorm2d*) const override { return {weight.detach(), bias}; }

 private:
  void forget() override { kept_ = {}, packed_ = {}, int8_ = {}; }
  Tensor folded(const Tensor& x);
  Tensor in_bytes(const Tensor& x);

  // While folded, for the last input's dtype: one of the three.
  Tensor kept_;
  std::shared_ptr<const PackedConv> packed_;
  std::shared_ptr<const Int8Conv> int8_;
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

/// [N,…] -> [N, product of the rest], in the engine's order: h, w, c.
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
