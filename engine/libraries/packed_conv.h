/// Convolutions whose filters stay the same: packed once for one algorithm, then run often. What inference on a CPU runs.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "engine/core/shape.h"
#include "engine/core/storage.h"
#include "engine/libraries/conv.h"

namespace cudenza {

enum class PackedKind : uint8_t {
  direct,    ///< plain sums (kernels/direct_conv): for every shape
  winograd,  ///< Winograd's algorithm (kernels/winograd)
};
std::string_view name_of(PackedKind);

/// The kinds that a convolution can take, in f32 and bf16; none for other dtypes.
std::vector<PackedKind> packed_kinds(const ConvShape&);
/// Whether it has any, and they are faster here than oneDNN, whose code is made for the CPU as the program runs: not if this
/// program was compiled for less than the CPU has.
bool packing_pays(const ConvShape&);

/// The kind for this shape, one of packed_kinds(), which must not be empty: a rule's; or with MathMode::trials the one that is
/// fastest here. A trial takes some milliseconds, and is kept for this process and in a file for later ones.
PackedKind packed_kind(const ConvShape&);

/// A linear layer as the convolution of pictures of one pixel.
inline ConvShape conv_of_linear(DType dtype, int64_t rows, int64_t in, int64_t out) {
  return {.dtype = dtype,
          .batch = rows,
          .height = 1,
          .width = 1,
          .in_channels = in,
          .out_channels = out,
          .kernel_h = 1,
          .kernel_w = 1};
}

/// Immutable: several threads may run one at the same time.
class PackedConv {
 public:
  /// Packs w [out_channels, kernel_h, kernel_w, in_channels] of the shape's dtype. REQUIRES the kind to be in packed_kinds().
  PackedConv(const ConvShape&, PackedKind, const void* w);

  PackedKind kind() const { return kind_; }
  size_t bytes() const { return filters_.bytes(); }
  DType dtype() const { return dtype_; }
  const Shape& w() const { return w_; }  ///< [out_channels, kernel_h, kernel_w, in_channels]
  /// Overwrites y. The batch and the picture's size may differ from the shape it was packed for. The same bits for any number of
  /// threads, and for a picture alone or in a batch.
  void forward(const ConvShape&, const void* x, void* y, const ConvEpilogue& = {}) const;

 private:
  PackedKind kind_;
  DType dtype_;
  Shape w_;
  Storage filters_;
};

}  // namespace cudenza
