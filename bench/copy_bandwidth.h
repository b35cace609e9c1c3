/// How fast a device copies: the yardstick of every memory-bound kernel.
#pragma once
#include "engine/core/device.h"

namespace cudenza::bench {

/// Bytes read plus bytes written per second by the fastest plain copy of 256 MiB, all cores or the whole GPU. Measured
/// once a process: the best of several tries, since a yardstick must not shrink when the machine is busy.
double copy_bytes_per_second(Device);

}  // namespace cudenza::bench
