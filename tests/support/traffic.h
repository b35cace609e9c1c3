/// What must pass between a device and its memory.
#pragma once

namespace cudenza::testing {

/// Bytes.
struct Traffic {
  double read = 0, written = 0;
  double both() const { return read + written; }
};

}  // namespace cudenza::testing
