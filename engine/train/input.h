/// The trainer's view of a data set: pictures for the network, computed for each batch from sound (or pictures).
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/tensor.h"

namespace cudenza {

/// A row is an item of a batch: a whole clip, or a window of a long one. All tensors are on one device.
class Input {
 public:
  virtual ~Input() = default;

  virtual int64_t rows() const = 0;
  virtual Device device() const = 0;

  /// The rows of a batch and the epoch that keys their augmentation, in device memory: copied there before each replay of a
  /// captured step.
  struct Batch {
    Tensor rows;   ///< i64 [B]
    Tensor epoch;  ///< u32 [1]
  };
  /// Called with every batch before training() is: what is made on the host must be made now, since a captured step replays what
  /// the device did and nothing else.
  virtual void prepare(std::span<const int64_t> /*rows*/, uint32_t /*epoch*/) {}
  /// Network input [B,H,W,C] for training: augmented, keyed by (seed, epoch, row). Allocates only from the pool.
  virtual Tensor training(const Batch&) = 0;

  /// Network input without augmentation: [B·views(), H,W,C]; row b has views b·views() … b·views() + views() - 1.
  virtual Tensor plain(std::span<const int64_t> rows) = 0;
  /// Number of pictures that plain() makes per row: more than one if the network reads crops of a row.
  virtual int views() const { return 1; }

  /// `n` augmented passes for test-time augmentation: [n·B,H,W,C], pass after pass. Keyed by (seed, pass, content of the
  /// row), so that the other rows of batch and data set do not change them.
  virtual Tensor variants(std::span<const int64_t> rows, int n) = 0;
};

}  // namespace cudenza
