/// Inference in bytes: which layers of a network compute so, and with which scales (calibration).
///
///   Calibration calibration(network);                 // an f32 network on a CPU
///   for (const Tensor& x : batches) calibration.see(x);
///   set_int8(network, calibration.plans());           // from the next fold() on, for example in a Prepared network
///
/// Weights are quantized by themselves, each filter by its largest one, and a plan holds them. What calibration finds are the
/// ranges of activations.
#pragma once
#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/libraries/int8_conv.h"
#include "engine/nn/module.h"
#include "engine/ops/conv_bn_act.h"

namespace cudenza {

class BatchNorm2d;

/// A layer's weights in bytes, with the batch norm behind it folded in. Copies share their elements.
struct Int8Weights {
  Tensor bytes;  ///< of the shape of the layer's weight: u8 that hold the bits of -127 … 127
  Tensor scale;  ///< f32 [out], what a byte's 1 stands for in each filter
  Tensor bias;   ///< f32 [out]
};

/// How a convolution or a linear layer computes.
struct Int8Plan {
  float x_scale = 0;         ///< of x where it does not come in bytes already; 0: the layer computes in the float type of x
  Quantization y = {};       ///< of the result; none: it stays a float
  Int8Weights weights = {};  ///< with x_scale
};

/// Whether an activation's scale can be one. What lies outside is no activation of a network that answers anything, and would
/// overflow.
bool is_sensible_scale(float scale);

/// By the layer's name in its network ("layer1.0.conv1").
using Int8Plans = std::map<std::string, Int8Plan>;

/// A layer that can compute in bytes.
class Int8Layer : public Module {
 public:
  /// Of its next fold() on. Null: in floats, as without calibration.
  void set_int8(const std::optional<Int8Plan>& plan) { plan_ = plan, forget(); }
  /// While it is folded.
  const Int8Plan* int8() const { return folded() && plan_ ? &*plan_ : nullptr; }
  /// Frees its f32 weight if a plan has it in bytes.
  void drop_replaced_weight() const;

  virtual const Tensor& float_weight() const = 0;
  /// In f32, with the batch norm folded in if given; the bias may be undefined.
  virtual FoldedConv folded_weights(const BatchNorm2d*) const = 0;

 protected:
  /// The plan's weights, packed. Frees those that this replaces if weights are dropped.
  std::shared_ptr<const Int8Conv> packed_bytes(const ConvShape&) const;

 private:
  std::optional<Int8Plan> plan_;
};

/// Layers without a plan compute in floats. Throws UsageError for a plan whose name no layer has, or whose weights are not of the
/// layer's shape.
void set_int8(Module& network, const Int8Plans&);
/// Frees the f32 weights of layers that compute in bytes: the network infers by these plans from now on, and does nothing else.
void drop_replaced_weights(Module& network);

/// Which range of an activation a byte's 255 steps cover (Histogram::best_end()), in words.
constexpr const char* kActivationRule = "activations are cut where the squared error is least";

/// How often values were met, by their size. Zeros are left out: they are exact in bytes.
class Histogram {
 public:
  void add(std::span<const float> values);
  float most() const { return most_; }    ///< the largest |value|
  float least() const { return least_; }  ///< the least value, 0 if none is negative
  /// Where to cut values off, so that rounding |value| to `levels` steps up to there costs the least squared error: a few large
  /// values are worth less than finer steps for all others. 0 if all values are.
  float best_end(int levels) const;

 private:
  static constexpr size_t kBins = 4096;
  void widen(float to);

  std::array<int64_t, kBins> counts_{};
  float range_ = 0;  ///< that the bins divide
  float most_ = 0, least_ = 0;
};

/// Notes what convolutions and linear layers of a folded f32 network see and give.
class Calibration {
 public:
  explicit Calibration(Module& network);
  /// Restores the network's mode.
  ~Calibration();
  Calibration(const Calibration&) = delete;
  Calibration& operator=(const Calibration&) = delete;

  /// Runs the network.
  void see(const Tensor& x);
  /// In bytes compute the layers whose x was never negative, but for the first and the last, and 1x1 maps:
  /// squeeze-and-excitation's layers, which cost nothing. A convolution with a ReLU gives bytes, and one whose result is
  /// added to another's sums.
  Int8Plans plans() const;

  // For layers.
  static Calibration* active();
  struct Pass {
    const Int8Layer* layer;
    const BatchNorm2d* bn = nullptr;  ///< that is folded into it
    const Tensor &x, &y;
    const Tensor* residual = nullptr;
    bool relu = false;
  };
  void note(const Pass&);

 private:
  struct Seen {
    const BatchNorm2d* bn;
    Histogram x, y;
    bool relu = false, is_residual = false, in_bytes = true;
    size_t order;
  };

  Module& network_;
  bool was_training_, was_folded_;
  std::map<const Int8Layer*, Seen> seen_;
  std::vector<std::pair<const Int8Layer*, Tensor>> recent_;  ///< results without a ReLU, which may become residuals
};

}  // namespace cudenza
