/// How fast a device copies: the yardstick of every memory-bound kernel.
#pragma once
#include "engine/core/device.h"

namespace cudenza::bench {

/// Bytes read plus bytes written per second by the fastest plain copy of 256 MiB, all cores or the whole GPU. Measured
/// once a process: the best of several tries, since a yardstick must not shrink when the machine is busy.
double copy_bytes_per_second(Device);

/// What the CPU's cores read of memory when they only read, and write when they only write: the ceilings of sums and of gradients
/// that are the same for many elements. Neither need be more than half of what a copy moves both ways.
struct OneWayBandwidth {
  double read_bytes_per_second, write_bytes_per_second;
};
OneWayBandwidth one_way_bandwidth();

}  // namespace cudenza::bench
