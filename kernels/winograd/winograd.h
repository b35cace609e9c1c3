/// Convolutions of 3x3 and 5x5 without a stride by Winograd's algorithm, F(4x4, 3x3) and F(2x2, 5x5): 36 multiplications in place
/// of 144, or of 100.
///
///   Y = Aᵀ [ sum over c of (G w Gᵀ) ⊙ (Bᵀ X B) ] A
///
/// for each tile of outputs, whose window X is 6x6. The sum over channels is 36 matrix products, one for each position. Lavin and
/// Gray, "Fast Algorithms for Convolutional Neural Networks" (2015); the matrices here are made of the points 0, ±1/√2, ±√2 and
/// ∞, whose rounding errors are half of those of the usual 0, ±1, ±2, ∞: about twice those of plain sums in f32. What is not
/// finite spreads over its tile.
///
/// On a CPU alone: on a GPU cuDNN has it. Sums are in f32 for every T; instantiated for f32 and bf16. Results are the same to the
/// bit for any number of threads.
#pragma once
#include <cstdint>

#include "kernels/common/backend.h"
#include "kernels/common/conv_epilogue.h"
#include "kernels/common/extents.h"
#include "kernels/common/float16.h"

namespace cudenza::kernels {

/// x is [batch, height, width, in_channels], y [batch, out_height(), out_width(), out_channels].
struct WinogradShape {
  int64_t batch = 0, height = 0, width = 0, in_channels = 0, out_channels = 0;
  int64_t taps = 3;  ///< along an axis: 3 or 5
  int64_t pad = 0;   ///< less than taps

  int64_t out_height() const { return height + 2 * pad - taps + 1; }
  int64_t out_width() const { return width + 2 * pad - taps + 1; }
  int64_t tile() const { return 7 - taps; }  ///< outputs along an axis
  int64_t tile_rows() const { return ceil_div(out_height(), tile()); }
  int64_t tile_columns() const { return ceil_div(out_width(), tile()); }
  int64_t tiles() const { return batch * tile_rows() * tile_columns(); }
  /// The convolution that gives dx from dy.
  WinogradShape backward_data() const {
    return {.batch = batch,
            .height = out_height(),
            .width = out_width(),
            .in_channels = out_channels,
            .out_channels = in_channels,
            .taps = taps,
            .pad = taps - 1 - pad};
  }
};

/// Both numbers of channels must be multiples of this.
int64_t winograd_channels();

/// How the filters lie: as the convolution's own, [out_channels, taps, taps, in_channels]; for backward_data() as those of the
/// forward convolution, [in_channels, taps, taps, out_channels] with every tap at its mirrored place; or as winograd_pack() puts
/// them, which is fastest to read: [out_channels / winograd_channels(), taps, taps, in_channels, winograd_channels()].
enum class WinogradFilters : uint8_t { own, of_forward, packed };

/// `scratch`: winograd_scratch(s, kind) floats, aligned to 64 bytes.
template <class T>
void winograd_convolve(Cpu, const WinogradShape& s, const T* x, const T* w, WinogradFilters kind, T* y, const ConvEpilogue<T>&,
                       float* scratch);
int64_t winograd_scratch(const WinogradShape&, WinogradFilters kind);

/// The convolution's own filters to as many, packed; aligned to 64 bytes.
template <class T> void winograd_pack(Cpu, const WinogradShape& s, const T* w, T* packed);

/// dw [out_channels, taps, taps, in_channels] of x and dy (like y).
template <class T> void winograd_weights(Cpu, const WinogradShape& s, const T* x, const T* dy, T* dw, float* scratch);
int64_t winograd_weights_scratch(const WinogradShape&);

}  // namespace cudenza::kernels
