/// The preprocessing that weights were trained with, taken into the first convolution, so that the network can be given what ours
/// are: RGB in 0..1, less a mean, over a deviation, of each channel.
#pragma once
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weights/arch_match.h"

namespace cudenza {

enum class InputScale : uint8_t {
  torch,  ///< RGB in 0..1 less ImageNet's mean over its deviation, as torchvision's: nothing changes
  caffe,  ///< BGR in 0..255 less 103.939, 116.779, 123.68, as keras.applications' VGG16 and ResNet50
  tf,     ///< RGB in -1..1, as keras.applications' MobileNet and many of TensorFlow's
};
std::string_view name_of(InputScale);
/// Throws UsageError naming the choices.
InputScale input_scale_from_name(std::string_view);

/// With x = (rgb - mean) / std the file's network sees, in channel p(c), a[c] x[c] + d[c]. Its first convolution w, b becomes
///
///   w'[o,c] = w[o,p(c)] a[c]        b'[o] = b[o] + sum over c, h, w of w[o,p(c),h,w] d[c]
///
/// and where that convolution has no bias, its batch norm's running mean takes the sum, with the other sign. Scale and order of
/// the channels are exact, and so is d, except where the filter reaches over the border: there the file's network saw zeros, and
/// this one sees what stands for them, d. For `caffe` that is half a step of 255 at most, for `tf` 0.19 of the range of 2.
class InputFold {
 public:
  InputFold(InputScale, std::span<const double> mean, std::span<const double> std, const std::vector<ExpectedTensor>& network);

  bool changes_nothing() const { return scale_ == InputScale::torch; }
  const std::string& filter() const { return filter_; }    ///< the name of w
  const std::string& shifted() const { return shifted_; }  ///< that of b, or of the running mean

  /// What is to be added to b (or taken from the running mean): [o]. `filter` is w, [o,3,h,w] with so many outputs.
  std::vector<double> shift(std::span<const float> filter, int64_t outputs) const;
  /// w becomes w'.
  void apply_to_filter(std::span<float> filter, int64_t outputs) const;
  /// b becomes b', or the running mean what it must be.
  void apply_to_shifted(std::span<float> values, std::span<const double> shift) const;

 private:
  InputScale scale_;
  std::array<double, 3> factor_{}, offset_{};  ///< a and d
  std::string filter_, shifted_;
  bool is_bias_ = true;
};

}  // namespace cudenza
