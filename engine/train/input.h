/// What the trainer asks of a data set: pictures for the network, made anew from sound (or pictures) for each batch.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/tensor.h"

namespace cudenza {

/// Rows are what can stand in a batch: whole clips, or windows of long ones. All tensors are on one device.
class Input {
 public:
  virtual ~Input() = default;

  virtual int64_t rows() const = 0;
  virtual Device device() const = 0;

  /// Which rows stand in a batch and what keys their augmentation, in memory of the device, so that a captured step reads
  /// what was copied there before each replay.
  struct Batch {
    Tensor rows;   ///< i64 [B]
    Tensor epoch;  ///< u32 [1]
  };
  /// Network input [B,H,W,C] as training hears it: augmented, keyed by (seed, epoch, row). Allocates from the pool alone.
  virtual Tensor training(const Batch&) = 0;

  /// Network input of whole rows without augmentation: [B·views(), H,W,C]; row b's views are b·views() … b·views() + views() - 1.
  virtual Tensor plain(std::span<const int64_t> rows) = 0;
  /// How many pictures plain() makes of a row: more than one where the network reads less than a row at once.
  virtual int views() const { return 1; }

  /// `n` augmented passes for test-time augmentation: [n·B,H,W,C], pass after pass. Keyed by (seed, pass, what the row holds), so
  /// that neither the rest of the batch nor that of the set changes them.
  virtual Tensor variants(std::span<const int64_t> rows, int n) = 0;
};

}  // namespace cudenza
