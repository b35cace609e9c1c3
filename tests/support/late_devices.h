/// The emulated devices (gpu_simt.cpp) as slow as can be.
#pragma once

namespace cudenza::testing {

/// While it lives, a device does no work before the host waits for it, or another device that is waited for does. What is not
/// ordered by a wait comes in the least welcome order then, so that a missing wait shows.
class LateDevices {
 public:
  LateDevices();
  ~LateDevices();  ///< when all is done
  LateDevices(const LateDevices&) = delete;
  LateDevices& operator=(const LateDevices&) = delete;
};

}  // namespace cudenza::testing
