/// Mono sound in memory, without loss: i16 (full scale 32768) if every sample is a whole multiple of 1/32768 from -1 to
/// 32767/32768, as all sources of 8 and 16 bits give at their own rate; else f32 (full scale 1, and beyond it). Whoever reads
/// it (LogMel, augment()) takes both, and makes the same bits of the same samples.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/tensor.h"

namespace cudenza {

/// mono[i] = mean of interleaved[i, :].
void mix(std::span<const double> interleaved, int channels, std::span<double> mono);

/// out[i] = x[i] in 16 bits. Returns whether all came through unchanged; if not, `out` is of no use.
bool fits_16_bits(std::span<const float> x, int16_t* out);

/// These samples, full scale 1, as i16 or f32 [samples].
Tensor pcm_of(std::span<const float>);

/// The same for a sound that comes block by block.
class PcmCollector {
 public:
  void reserve(size_t samples);
  void add(std::span<const float> block);
  /// i16 or f32 [samples] of all blocks.
  Tensor collected() const;

 private:
  bool is_exact_ = true;         // so far every sample has been one of 16 bits
  std::vector<int16_t> in_16_;   // the samples, while they are
  std::vector<float> in_float_;  // the samples, once one was not
};

/// The same samples as f32.
Tensor as_floats(const Tensor& pcm);

/// Clips [·, samples] below each other as one tensor [R, samples] on the CPU: i16 if all are, else f32. Frees each part when it
/// is copied, so that a data set need not fit twice.
Tensor stacked(std::vector<Tensor>& parts, int64_t samples);

}  // namespace cudenza
