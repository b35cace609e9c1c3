/// How fast memory is: the yardstick of every memory-bound kernel.
#pragma once
#include "engine/core/device.h"
#include "tests/support/traffic.h"

namespace cudenza::bench {

using testing::Traffic;

/// Bytes read plus bytes written per second by the fastest plain copy of 256 MiB, all cores or the whole GPU. Measured
/// once a process: the best of several tries, since a yardstick must not shrink when the machine is busy.
double copy_bytes_per_second(Device);

/// What the CPU's cores move in a second when they copy (read and written bytes together), when they only read, and when they
/// only write. Reading and writing have channels of their own: neither alone need reach more than half of what a copy moves.
struct MemorySpeed {
  double copy, read, write;

  /// The least that such traffic takes.
  double seconds(const Traffic&) const;
};

/// Measured now, over 64 MiB, in about 10 ms. A shared machine's memory is not the same from one second to the next: measure it
/// again beside each call that it is a yardstick for.
MemorySpeed cpu_memory_speed();

}  // namespace cudenza::bench
